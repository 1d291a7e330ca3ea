import { BatchLimit } from '../../runtime/src/scheduling/batch-limit';

/** The limit after some runs of a model, while many rows wait. */
function limitAfter(runs: number, limit: BatchLimit, secondsOf: (rows: number, run: number) => number): number {
  for (let run = 0; run < runs; run += 1) {
    const rows = limit.next(10_000, true);
    limit.observe(rows, secondsOf(rows, run));
  }
  return limit.rows;
}

const constant = () => 0.02;
const linear = (rows: number) => rows * 0.002;

describe('BatchLimit', () => {
  it('grows for a model whose run costs the same for any number of rows', () => {
    expect(limitAfter(100, new BatchLimit(1, 'open'), constant)).toBe(1024);
    expect(limitAfter(1000, new BatchLimit(2, 'measured'), constant)).toBe(1024);
  });

  it('stays for a model whose rows cost the same in any run, also when the machine is busy now and then', () => {
    expect(limitAfter(5000, new BatchLimit(2, 'open'), linear)).toBe(2);
    // Every third run takes up to five times as long.
    const busy = (rows: number, run: number) => linear(rows) * (run % 3 === 0 ? 1 + (run % 5) : 1);
    expect(limitAfter(5000, new BatchLimit(2, 'open'), busy)).toBe(2);
  });

  it('stays where it was declared, and where a longer run would take too long', () => {
    expect(limitAfter(100, new BatchLimit(4, 'fixed'), constant)).toBe(4);
    expect(new BatchLimit(4, 'open').next(100, false)).toBe(4);
  });

  it('tries a larger size only when enough rows wait for it', () => {
    expect([1, 2, 3].map(() => new BatchLimit(4, 'open').next(7, true))).toEqual([4, 4, 4]);
  });
});

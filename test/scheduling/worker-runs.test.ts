import type { RunCost } from '../../runtime/src/model';
import { BATCHER_LIMITS, Batcher } from '../../runtime/src/scheduling';
import { createLogger } from '../../runtime/src/telemetry';
import { modelOf, numbers } from '../support/fixed-session';
import { runMeter } from '../support/run-meter';
import { TestJob } from '../support/test-job';

/** A row costs two milliseconds, however many share a run. */
const FLAT: RunCost = {
  points: [1, 2, 4, 8].map((rows) => ({ rows, seconds: rows * 0.002 })),
  worthwhileRows: 1,
  flatRows: 8,
  settled: true,
};

/** A batcher whose model runs in a worker thread; each run ends when the test ends it. */
function batcherOf(cost: RunCost) {
  const runs: { rows: number; end: () => void }[] = [];
  const model = modelOf({
    workers: 1,
    cost,
    run: (inputs) =>
      new Promise((resolve) => {
        const rows = inputs[0].shape[0];
        runs.push({ rows, end: () => resolve({ outputs: [...inputs], seconds: rows * 0.002 }) });
      }),
  });
  const batcher = new Batcher(model, runMeter(), createLogger({ level: 'silent' }), BATCHER_LIMITS);
  const submit = async (count: number, withinMillis?: number) => {
    const jobs = Array.from({ length: count }, () => new TestJob([numbers(1)], { withinMillis }));
    for (const job of jobs) {
      batcher.submit(job);
    }
    await new Promise(setImmediate);
    return jobs;
  };
  const endNext = async () => {
    runs.find(({ end }) => end !== ENDED)?.end();
    const index = runs.findIndex(({ end }) => end !== ENDED);
    runs[index] = { ...runs[index], end: ENDED };
    await new Promise(setImmediate);
  };
  return { batcher, runs, submit, endNext };
}

const ENDED = () => undefined;

describe('runs in a worker thread', () => {
  it('takes as many rows as cost no more together than alone', async () => {
    const { batcher, runs, submit, endNext } = batcherOf(FLAT);
    await submit(1);
    await submit(20);
    while (runs.some(({ end }) => end !== ENDED)) {
      await endNext();
    }
    await batcher.idle();
    expect(runs.map(({ rows }) => rows)).toEqual([1, 8, 8, 4]);
  });

  it('takes no more rows than are worthwhile when together they cost more a row', async () => {
    const rising = { ...FLAT, worthwhileRows: 2, flatRows: 2 };
    const { batcher, runs, submit, endNext } = batcherOf(rising);
    await submit(1);
    await submit(4);
    while (runs.some(({ end }) => end !== ENDED)) {
      await endNext();
    }
    await batcher.idle();
    expect(runs.map(({ rows }) => rows)).toEqual([1, 2, 2]);
  });

  it('shares a run with fewer when the first of them has little time left', async () => {
    const { batcher, runs, submit, endNext } = batcherOf(FLAT);
    await submit(1);
    const hurried = await submit(8, 1000 * 8 * 0.002 * 1.5);
    await endNext();
    expect(runs[1].rows).toBeLessThan(8);
    while (runs.some(({ end }) => end !== ENDED)) {
      await endNext();
    }
    await batcher.idle();
    expect(hurried[0].outcome).toBe('own');
  });

  it('gets the next run before the answers of the last are written', async () => {
    const { batcher, runs, submit, endNext } = batcherOf(FLAT);
    const started: number[] = [];
    const [first] = await submit(1);
    await submit(1);
    first.succeed = () => {
      started.push(runs.length);
    };
    await endNext();
    expect(started).toEqual([2]);
    await endNext();
    await batcher.idle();
  });
});

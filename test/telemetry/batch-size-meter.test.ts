import { BatchSizeMeter } from '../../runtime/src/telemetry/batch-size-meter';

describe('BatchSizeMeter', () => {
  it('counts sizes up to 64 one by one, and larger ones with the next power of two', () => {
    const meter = new BatchSizeMeter();
    for (const rows of [64, 65, 1, 128, 129, 1, 1_000_000]) {
      meter.ran(rows, 0, 1);
    }
    expect(meter.all.map(([size, { runs }]) => [size, runs])).toEqual([
      [1, 2],
      [64, 1],
      [128, 2],
      [256, 1],
      [1_048_576, 1],
    ]);
  });

  it('stays small, whatever sizes clients choose', () => {
    const meter = new BatchSizeMeter();
    for (let rows = 0; rows < 100_000; rows += 1) {
      meter.ran(rows, 0, 1);
    }
    expect(meter.all.length).toBeLessThan(80);
    expect(meter.all.reduce((sum, [, { runs }]) => sum + runs, 0)).toBe(100_000);
  });

  it('adds up the times of a size', () => {
    const meter = new BatchSizeMeter();
    meter.ran(2, 0.5, 1);
    meter.ran(2, 0.25, 2);
    meter.answered(2, 0.125);
    expect(meter.all).toEqual([
      [2, { runs: 2, inputSeconds: 0.75, inferenceSeconds: 3, answered: 1, outputSeconds: 0.125 }],
    ]);
  });
});

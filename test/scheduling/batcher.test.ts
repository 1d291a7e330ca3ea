import { EngineError, type LoadedModel, type Run, type Tensor } from '../../runtime/src/model';
import type { RequestError } from '../../runtime/src/request-error';
import { BATCHER_LIMITS, Batcher, type Job, PRIORITIES } from '../../runtime/src/scheduling';
import { createLogger } from '../../runtime/src/telemetry';
import { runMeter } from '../support/run-meter';

const SPEC = { name: 'x', datatype: 'FP32', shape: [-1], symbols: ['N'] } as const;
const row = (...values: number[]): Tensor => ({
  datatype: 'FP32',
  shape: [values.length],
  data: Float32Array.from(values),
});

/** A model whose runs are what a test says; a real one fails in no way that could be told beforehand. */
function modelOf(run: (inputs: readonly Tensor[]) => Promise<Run>): LoadedModel {
  const signature = { inputs: [SPEC], outputs: [SPEC] };
  return {
    signature,
    independentRows: true,
    sample: [row(0)],
    session: { signature, workers: 0, run, close: async () => undefined },
  };
}

class TestJob implements Job {
  readonly inputs: readonly Tensor[];
  readonly expiresAt = Number.POSITIVE_INFINITY;
  readonly abandoned = false;
  readonly priority = PRIORITIES.interactive;
  readonly times = { queue: 0, features: 0, inference: 0 };
  outcome: unknown = 'none';

  constructor(
    readonly values: readonly number[],
    private readonly onSuccess?: () => void,
  ) {
    this.inputs = [row(...values)];
  }

  get rows(): number {
    return this.values.length;
  }

  succeed([output]: readonly Tensor[], firstRow: number | undefined): void {
    this.onSuccess?.();
    const from = firstRow ?? 0;
    this.outcome = Array.from(output.data as Float32Array).slice(from, from + this.rows);
  }

  fail({ status }: RequestError): void {
    this.outcome = status;
  }

  discard(): void {
    this.outcome = 'discarded';
  }
}

const engineError = () => new EngineError('Gather', { cause: new Error("the engine's words") });
const echo = async ([input]: readonly Tensor[]): Promise<Run> => ({ outputs: [input], seconds: 0.001 });

async function outcomes(model: LoadedModel, jobs: readonly TestJob[]): Promise<unknown[]> {
  const batcher = new Batcher(model, runMeter(), createLogger({ level: 'silent' }), BATCHER_LIMITS);
  for (const job of jobs) {
    batcher.submit(job);
  }
  await batcher.idle();
  return jobs.map(({ outcome }) => outcome);
}

describe('Batcher', () => {
  it('gives every job its rows of a shared run', async () => {
    const runs: number[] = [];
    const model = modelOf((inputs) => {
      runs.push(inputs[0].shape[0]);
      return echo(inputs);
    });
    expect(
      await outcomes(model, [new TestJob([1, 2]), new TestJob([]), new TestJob([3]), new TestJob([4, 5, 6])]),
    ).toEqual([[1, 2], [], [3], [4, 5, 6]]);
    expect(runs).toEqual([6]);
  });

  it('puts no more rows into a shared run than its limit, and no less than a single job has', async () => {
    const runs: number[] = [];
    const model = modelOf((inputs) => {
      runs.push(inputs[0].shape[0]);
      return echo(inputs);
    });
    const large = new TestJob(Array.from({ length: 200 }, (_, index) => index));
    const jobs = [large, ...Array.from({ length: 100 }, (_, index) => new TestJob([index]))];
    const answers = await outcomes(model, jobs);
    expect(answers).toEqual(jobs.map(({ values }) => values));
    expect(runs).toEqual([200, 64, 36]);
  });

  it('blames the request when the engine fails for it and the model is healthy', async () => {
    const model = modelOf((inputs) =>
      inputs[0].data.includes(9 as never) ? Promise.reject(engineError()) : echo(inputs),
    );
    expect(await outcomes(model, [new TestJob([1]), new TestJob([9]), new TestJob([2])])).toEqual([[1], 400, [2]]);
  });

  it('blames itself when the engine fails for what it could evaluate at its start', async () => {
    const model = modelOf(() => Promise.reject(engineError()));
    expect(await outcomes(model, [new TestJob([1]), new TestJob([2])])).toEqual([500, 500]);
  });

  it("blames itself for any error that is not the engine's", async () => {
    const model = modelOf((inputs) => (inputs[0].data[0] === 0 ? echo(inputs) : Promise.reject(new Error('a bug'))));
    expect(await outcomes(model, [new TestJob([1]), new TestJob([2])])).toEqual([500, 500]);
  });

  it('fails only the job whose answer cannot be written', async () => {
    const broken = new TestJob([2], () => {
      throw new Error('a bug');
    });
    expect(await outcomes(modelOf(echo), [new TestJob([1]), broken, new TestJob([3])])).toEqual([[1], 500, [3]]);
  });

  it('answers jobs without rows although the engine cannot', async () => {
    const model = modelOf(() => Promise.reject(engineError()));
    expect(await outcomes(model, [new TestJob([])])).toEqual([[]]);
  });

  it('is idle when nothing was submitted', async () => {
    await expect(outcomes(modelOf(echo), [])).resolves.toEqual([]);
  });
});

import type { Worker } from 'node:worker_threads';
import { EngineError, type LoadedModel, loadModel, type Tensor } from '../../runtime/src/model';
import { WorkerPool } from '../../runtime/src/model/worker-pool';
import { WorkerSession } from '../../runtime/src/model/worker-session';
import { warmUpInputs } from '../../runtime/src/online/warm-up';
import { createLogger, ServingMetrics } from '../../runtime/src/telemetry';
import { eventually } from '../support/eventually';
import { fixture, MODELS } from '../support/predictor';

const logger = createLogger({ level: 'silent' });

/** Loads a model that runs in worker threads whatever it costs, or in none. */
function loadIn(place: 'worker' | 'inline', file: string, workers = 1): Promise<LoadedModel> {
  const inlineSeconds = place === 'worker' ? 0 : Number.POSITIVE_INFINITY;
  return loadModel(fixture(file), { logger, threads: 1, workers, inlineSeconds, warmUpInputs });
}

/** One row. */
const numbers = (...values: number[]): Tensor => ({
  datatype: 'FP32',
  shape: [1, values.length],
  data: Float32Array.from(values),
});

/** Ends a thread as an unexpected error in it does. */
function crash(session: WorkerSession): void {
  (session as unknown as { worker: Worker }).worker.postMessage(null);
}

describe('a model in a worker thread', () => {
  it.each([
    'mlp',
    'identity-fp16',
    'identity-bf16',
    'identity-int64',
    'identity-string',
    'identity-bool',
    'mixed-columns',
    'iris-zipmap',
  ])('answers as in the event loop: %s', async (name) => {
    const [worker, inline] = await Promise.all([loadIn('worker', `${name}.onnx`), loadIn('inline', `${name}.onnx`)]);
    expect([worker.session.workers, inline.session.workers]).toEqual([1, 0]);
    expect(worker.signature).toEqual(inline.signature);
    const inputs = inline.sample ?? [];
    const { outputs } = await worker.session.run(inputs);
    expect(outputs).toEqual((await inline.session.run(inputs)).outputs);
    await Promise.all([worker.session.close(), inline.session.close()]);
  });

  it('leaves the inputs of a run as they are, also when they are a view of something larger', async () => {
    const { session } = await loadIn('worker', 'identity-fp32.onnx');
    const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const { outputs } = await session.run([{ datatype: 'FP32', shape: [1, 2], data }]);
    expect(Array.from(outputs[0].data as Float32Array)).toEqual([1, 2]);
    expect(Array.from(data)).toEqual([1, 2]);
    await session.close();
  });

  it('tells of a failed run which operator failed', async () => {
    const { session } = await loadIn('worker', 'gather-fails.onnx');
    const index: Tensor = { datatype: 'INT64', shape: [1], data: BigInt64Array.of(99n) };
    const failure = await session.run([index]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EngineError);
    expect(failure).toMatchObject({ operator: 'Gather' });
    await session.close();
  });

  it('gives every run its own answer when many are under way in several threads', async () => {
    const { session } = await loadIn('worker', 'fixed-batch.onnx', 2);
    expect(session.workers).toBe(2);
    const rows = Array.from({ length: 50 }, (_, index) => [index, 1, 2, 3]);
    const input = (row: number[]): Tensor[] => [{ datatype: 'FP32', shape: [1, 4], data: Float32Array.from(row) }];
    const alone: unknown[] = [];
    for (const row of rows) {
      alone.push((await session.run(input(row))).outputs);
    }
    const together = await Promise.all(rows.map((row) => session.run(input(row))));
    expect(together.map(({ outputs }) => outputs)).toEqual(alone);
    await session.close();
  });

  it('finishes what is under way before it ends', async () => {
    const { session } = await loadIn('worker', 'slow.onnx');
    const runs = [1, 2, 3].map((value) =>
      session.run([{ datatype: 'FP32', shape: [1, 4], data: Float32Array.of(value, 0, 0, 0) }]),
    );
    await session.close();
    expect((await Promise.all(runs)).map(({ outputs }) => outputs[0].data[0])).toEqual([1, 2, 3]);
  });

  it('stays in the event loop when it is cheap, and leaves it when it is not', async () => {
    const cheap = await loadModel(fixture('mlp.onnx'), { logger, threads: 1, inlineSeconds: 10, warmUpInputs });
    const dear = await loadModel(fixture('slow.onnx'), { logger, threads: 1, warmUpInputs });
    expect([cheap.session.workers, dear.session.workers]).toEqual([0, 1]);
    await Promise.all([cheap.session.close(), dear.session.close()]);
  });
});

describe('WorkerPool', () => {
  const file = { path: `${MODELS}/identity-fp32.onnx`, bfloat16: new Set<string>() };
  const started: WorkerSession[] = [];

  async function pool(start?: (onLost: (reason: string) => void) => Promise<WorkerSession>) {
    const { placement } = new ServingMetrics().forModel({ name: 'm', version: '1', sha256: '', format: 'onnx' });
    const open = async (onLost: (reason: string) => void) => {
      const session = await (start ?? ((lost) => WorkerSession.start({ file, threads: 1, onLost: lost })))(onLost);
      started.push(session);
      return session;
    };
    started.length = 0;
    return { meter: placement, workers: await WorkerPool.start({ size: 1, start: open, logger, meter: placement }) };
  }

  it('replaces a thread that ended, and counts it', async () => {
    const { workers, meter } = await pool();
    const [first] = started;
    crash(first);
    const under = await workers.run([numbers(1, 1)]).catch((error: unknown) => error);
    expect(under).toMatchObject({ name: 'SessionLostError', started: true });
    await eventually('a new thread', () => started.length === 2);
    const { outputs } = await eventually('a run', () => workers.run([numbers(2, 2)]));
    expect(Array.from(outputs[0].data as Float32Array)).toEqual([2, 2]);
    expect(meter.deaths.value).toBe(1);
    await workers.close();
  });

  it('fails runs at once while no thread can be started', async () => {
    let works = true;
    const { workers } = await pool((onLost) =>
      works ? WorkerSession.start({ file, threads: 1, onLost }) : Promise.reject(new Error('no memory')),
    );
    works = false;
    crash(started[0]);
    await eventually('the end of the thread', () => started[0].ended);
    await expect(workers.run([numbers(1, 1)])).rejects.toMatchObject({ name: 'SessionLostError', started: false });
    works = true;
    const { outputs } = await eventually('a new thread', () => workers.run([numbers(3, 3)]));
    expect(Array.from(outputs[0].data as Float32Array)).toEqual([3, 3]);
    await workers.close();
  });

  it('closes while a thread is to be started again', async () => {
    const { workers } = await pool();
    crash(started[0]);
    await eventually('the end of the thread', () => started[0].ended);
    await workers.close();
    await expect(workers.run([numbers(1, 1)])).rejects.toMatchObject({ name: 'SessionLostError' });
  });
});

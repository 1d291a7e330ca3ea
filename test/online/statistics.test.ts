import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const ROW = [5.1, 3.5, 1.4, 0.2];
const V2 = { inputs: [{ name: 'input', shape: [2, 4], datatype: 'FP32', data: [...ROW, ...ROW] }] };

describe('the statistics extension', () => {
  let server: TestPredictor;

  beforeAll(async () => {
    const models = [
      fixture('mlp.onnx', { version: '1' }),
      fixture('mlp.onnx', { version: '2' }),
      fixture('corrupted.onnx'),
    ];
    server = await startTestPredictor(models, {}, { onLoadFailure: 'report' });
  });

  const stats = async (path: string) => {
    const { status, body } = await server.get(path);
    expect(status).toBe(200);
    return body.model_stats;
  };

  it('counts nothing before the first request', async () => {
    const [first] = await stats('/v2/models/mlp/versions/1/stats');
    expect(first).toEqual({
      name: 'mlp',
      version: '1',
      last_inference: 0,
      inference_count: 0,
      execution_count: 0,
      inference_stats: Object.fromEntries(
        ['success', 'fail', 'queue', 'compute_input', 'compute_infer', 'compute_output', 'cache_hit', 'cache_miss'].map(
          (name) => [name, { count: 0, ns: 0 }],
        ),
      ),
      batch_stats: [],
    });
  });

  it('counts rows, runs, good and bad answers, with their times', async () => {
    const before = Date.now();
    await server.post('/v2/models/mlp/versions/1/infer', V2);
    await server.post('/v1/models/mlp/versions/1:predict', { instances: [ROW] });
    await server.post('/v1/models/mlp/versions/1:predict', { instances: 'x' });
    const [counted] = await stats('/v2/models/mlp/versions/1/stats');
    expect(counted).toMatchObject({ inference_count: 3, execution_count: 2 });
    expect(counted.last_inference).toBeGreaterThanOrEqual(before);
    const { success, fail, queue, compute_infer, compute_input, compute_output } = counted.inference_stats;
    expect([success.count, fail.count, queue.count, compute_infer.count]).toEqual([2, 1, 2, 2]);
    for (const { ns } of [success, fail, queue, compute_infer, compute_input, compute_output]) {
      expect(Number.isSafeInteger(ns) && ns > 0).toBe(true);
    }
    expect(success.ns).toBeGreaterThanOrEqual(compute_infer.ns);
    const [other] = await stats('/v2/models/mlp/versions/2/stats');
    expect(other.inference_count).toBe(0);
  });

  it('counts runs by their size, larger ones with the next power of two', async () => {
    const own = await startTestPredictor([fixture('mlp.onnx')]);
    for (const rows of [3, 1, 3, 64, 65, 100, 129, 0]) {
      const instances = Array.from({ length: rows }, () => ROW);
      expect((await own.post('/v1/models/mlp:predict', { instances })).status).toBe(200);
    }
    const [{ batch_stats, ...counted }] = (await own.get('/v2/models/mlp/stats')).body.model_stats;
    type Batch = Record<'compute_input' | 'compute_infer' | 'compute_output', { count: number; ns: number }> & {
      batch_size: number;
    };
    const sizes = batch_stats.map(({ batch_size, compute_infer }: Batch) => [batch_size, compute_infer.count]);
    // A large request may be run in parts, which are not more than it.
    expect(sizes.slice(0, 2)).toEqual([
      [1, 1],
      [3, 2],
    ]);
    expect(sizes.map(([size]: [number]) => size)).toEqual(
      [...sizes.map(([size]: [number]) => size)].sort((a, b) => a - b),
    );
    expect(sizes.reduce((sum: number, [, count]: [number, number]) => sum + count, 0)).toBe(counted.execution_count);
    for (const { batch_size, compute_infer, compute_input, compute_output } of batch_stats as Batch[]) {
      expect(batch_size <= 64 || Number.isInteger(Math.log2(batch_size))).toBe(true);
      expect([compute_input.count, compute_output.count]).toEqual([compute_infer.count, compute_infer.count]);
      expect(compute_infer.ns > 0 && compute_output.ns > 0).toBe(true);
    }
  });

  it('counts a run that several requests share once', async () => {
    const own = await startTestPredictor([fixture('mlp.onnx')]);
    await own.connect(16);
    await Promise.all(Array.from({ length: 16 }, () => own.post('/v1/models/mlp:predict', { instances: [ROW, ROW] })));
    const [{ batch_stats, execution_count }] = (await own.get('/v2/models/mlp/stats')).body.model_stats;
    type Batch = { batch_size: number; compute_input: { ns: number }; compute_infer: { count: number } };
    const rows = batch_stats.map(({ batch_size, compute_infer }: Batch) => batch_size * compute_infer.count);
    expect(rows.reduce((sum: number, count: number) => sum + count, 0)).toBe(32);
    expect(execution_count).toBeLessThan(16);
    const shared: Batch = batch_stats.at(-1);
    expect(shared.batch_size).toBeGreaterThan(2);
    expect(shared.compute_input.ns).toBeGreaterThan(0);
  });

  it('has the times of the response cache', async () => {
    const cache = { maxBytes: 1_000_000, maxAgeMillis: 60_000 };
    const own = await startTestPredictor([fixture('mlp.onnx', { cache })]);
    for (let request = 0; request < 3; request += 1) {
      await own.post('/v1/models/mlp:predict', { instances: [ROW] });
    }
    const [{ inference_stats }] = (await own.get('/v2/models/mlp/stats')).body.model_stats;
    const { cache_hit, cache_miss } = inference_stats;
    expect([cache_hit.count, cache_miss.count]).toEqual([2, 1]);
    expect(cache_hit.ns > 0 && cache_miss.ns > 0).toBe(true);
  });

  it('is told of a version, a model and all models', async () => {
    const named = (list: { name: string; version: string }[]) => list.map(({ name, version }) => `${name}/${version}`);
    expect(named(await stats('/v2/models/mlp/stats'))).toEqual(['mlp/1', 'mlp/2']);
    expect(named(await stats('/v2/models/stats'))).toEqual(['mlp/1', 'mlp/2', 'corrupted/1']);
    for (const path of ['/v2/models/other/stats', '/v2/models/mlp/versions/3/stats']) {
      expect((await server.get(path)).status).toBe(404);
    }
    expect((await server.post('/v2/models/mlp/stats', {})).headers.get('allow')).toBe('GET, HEAD');
  });

  it('is no obstacle for a model of this name', async () => {
    const named = await startTestPredictor([fixture('mlp.onnx', { name: 'stats', version: '1' })]);
    expect((await named.get('/v2/models/stats')).body).toMatchObject({ name: 'stats', platform: 'onnx_onnxv1' });
    expect((await named.get('/v2/models/stats/stats')).body.model_stats).toHaveLength(1);
  });

  it('is named among the extensions', async () => {
    const { body } = await server.get('/v2');
    expect(body.extensions).toEqual(expect.arrayContaining(['model_repository', 'statistics']));
  });
});

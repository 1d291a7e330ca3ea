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

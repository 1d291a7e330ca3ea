import { GrpcClient, type GrpcInput } from '../support/grpc-client';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const TWO_ROWS: GrpcInput = {
  name: 'input',
  datatype: 'FP32',
  shape: [2, 4],
  contents: { fp32_contents: [5, 3, 1, 0, 5, 3, 1, 0] },
};

interface Duration {
  readonly count: string;
  readonly ns: string;
}

describe('the extensions of Triton over gRPC', () => {
  let server: TestPredictor;
  let client: GrpcClient;

  beforeAll(async () => {
    const models = [
      fixture('mlp.onnx', { version: '1' }),
      fixture('mlp.onnx', { version: '2' }),
      fixture('corrupted.onnx'),
    ];
    server = await startTestPredictor(models, {}, { onLoadFailure: 'report' });
    const { host, port } = server.predictor.addresses.grpc;
    client = new GrpcClient(`${host}:${port}`);
  });
  afterAll(() => client.close());

  const stats = async (request: object) => (await client.call('ModelStatistics', request)).message.model_stats;

  it('list the models as REST does', async () => {
    const rest = (await server.post('/v2/repository/index', {})).body;
    const index = async (request: object) => (await client.call('RepositoryIndex', request)).message.models;
    const told = rest.map(({ reason, ...entry }: { reason: string }) => (reason === '' ? entry : { ...entry, reason }));
    expect(told).toHaveLength(3);
    expect(await index({})).toEqual(told);
    expect(await index({ ready: false, repository_name: 'any' })).toEqual(told);
    expect(await index({ ready: true })).toEqual([
      { name: 'mlp', version: '1', state: 'READY' },
      { name: 'mlp', version: '2', state: 'READY' },
    ]);
  });

  it.each(['load', 'unload'])('refuse to %s models, in the words of REST', async (verb) => {
    const method = verb === 'load' ? 'RepositoryModelLoad' : 'RepositoryModelUnload';
    const rest = await server.post(`/v2/repository/models/mlp/${verb}`, {});
    const parameters = { unload_dependents: { bool_param: true } };
    expect(await client.call(method, { model_name: 'mlp', parameters })).toMatchObject({
      code: 'PERMISSION_DENIED',
      details: rest.body.error,
    });
    expect(rest.status).toBe(403);
    expect((await client.call('ModelReady', { name: 'mlp' })).message).toEqual({ ready: true });
  });

  it('tell what was counted, with durations that are there when they are 0', async () => {
    const [first] = await stats({ name: 'mlp', version: '1' });
    const durations = ['success', 'fail', 'queue', 'compute_input', 'compute_infer', 'compute_output'];
    expect(Object.keys(first.inference_stats)).toEqual([...durations, 'cache_hit', 'cache_miss']);
    expect(Object.values(first.inference_stats)).toEqual(new Array(8).fill({}));

    const before = Date.now();
    expect((await client.infer('mlp', [TWO_ROWS], { model_version: '1' })).code).toBe('OK');
    expect((await client.infer('mlp', [], { model_version: '1' })).code).toBe('INVALID_ARGUMENT');
    const [counted] = await stats({ name: 'mlp', version: '1' });
    expect(counted).toMatchObject({ name: 'mlp', version: '1', inference_count: '2', execution_count: '1' });
    expect(Number(counted.last_inference)).toBeGreaterThanOrEqual(before);
    const [rest] = (await server.get('/v2/models/mlp/versions/1/stats')).body.model_stats;
    const numbers = Object.entries<Partial<Duration>>(counted.inference_stats).map(([name, { count = 0, ns = 0 }]) => [
      name,
      { count: Number(count), ns: Number(ns) },
    ]);
    expect(Object.fromEntries(numbers)).toEqual(rest.inference_stats);
    expect(rest.inference_stats).toMatchObject({ success: { count: 1 }, fail: { count: 1 } });
    for (const name of durations) {
      expect([name, rest.inference_stats[name].ns > 0]).toEqual([name, true]);
    }
    expect(counted.last_inference).toBe(String(rest.last_inference));
    const [batch] = counted.batch_stats;
    const [{ batch_size, compute_input, compute_infer, compute_output }] = rest.batch_stats;
    expect(counted.batch_stats).toHaveLength(rest.batch_stats.length);
    const numbersOf = ({ count = '0', ns = '0' }: Partial<Duration>) => ({ count: Number(count), ns: Number(ns) });
    expect(Number(batch.batch_size)).toBe(batch_size);
    expect([batch.compute_input, batch.compute_infer, batch.compute_output].map(numbersOf)).toEqual([
      compute_input,
      compute_infer,
      compute_output,
    ]);
    expect(compute_infer).toEqual({ count: 1, ns: expect.any(Number) });
    expect(batch_size).toBe(2);
  });

  it('are told of a version, a model and all models', async () => {
    const named = async (request: object) =>
      (await stats(request)).map(({ name, version }: { name: string; version: string }) => `${name}/${version}`);
    expect(await named({ name: 'mlp', version: '2' })).toEqual(['mlp/2']);
    expect(await named({ name: 'mlp' })).toEqual(['mlp/1', 'mlp/2']);
    expect(await named({})).toEqual(['mlp/1', 'mlp/2', 'corrupted/1']);
  });

  it('name what does not exist in the words of REST, long names cut', async () => {
    for (const name of ['other', 'x'.repeat(200)]) {
      const rest = (await server.get(`/v2/models/${name}/stats`)).body.error;
      for (const method of ['ModelStatistics', 'ModelReady', 'ModelMetadata']) {
        expect(await client.call(method, { name })).toMatchObject({ code: 'NOT_FOUND', details: rest });
      }
    }
  });
});

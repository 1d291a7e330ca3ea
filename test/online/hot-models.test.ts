import { METRICS, type ModelConfig } from '../../lib/contract';
import { eventually } from '../support/eventually';
import { GrpcClient } from '../support/grpc-client';
import { fixture, startTestPredictor } from '../support/predictor';

const ROW = [5.1, 3.5, 1.4, 0.2];

/** A predictor whose declared models a test changes. */
async function changeable(...models: ModelConfig[]) {
  const declared = { models };
  const server = await startTestPredictor(
    models,
    { management: { port: 0 } },
    { declaredNow: async () => declared.models },
  );
  const { management } = server.predictor.addresses;
  const ask = async (name: string, verb: 'load' | 'unload') => {
    const address = `http://127.0.0.1:${management?.port}/v2/repository/models/${name}/${verb}`;
    return (await fetch(address, { method: 'POST' })).status;
  };
  const predict = (path: string) => server.post(path, { instances: [ROW] });
  return { declared, server, ask, predict };
}

describe('a model that is loaded while the process serves', () => {
  it('takes the place of the same version without a gap', async () => {
    const { declared, server, ask, predict } = await changeable(fixture('mlp.onnx', { name: 'm' }));
    const before = await predict('/v1/models/m:predict');
    await server.connect(8);
    const statuses: number[] = [];
    let done = false;
    const clients = Array.from({ length: 8 }, async () => {
      while (!done) {
        statuses.push((await predict('/v1/models/m/versions/1:predict')).status);
      }
    });
    declared.models = [fixture('iris-regressor.onnx', { name: 'm' })];
    expect(await ask('m', 'load')).toBe(200);
    done = true;
    await Promise.all(clients);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect((await predict('/v1/models/m:predict')).body).not.toEqual(before.body);
    const metrics = await server.metrics();
    const infos = metrics.split('\n').filter((line) => line.startsWith(`${METRICS.modelInfo}{`));
    expect(infos).toEqual([expect.stringContaining(declared.models[0].sha256)]);
  });

  it('leaves the last good one in its place when it cannot be loaded', async () => {
    const { declared, server, ask, predict } = await changeable(fixture('mlp.onnx', { name: 'm' }));
    const before = await predict('/v1/models/m:predict');
    declared.models = [fixture('corrupted.onnx', { name: 'm' })];
    expect(await ask('m', 'load')).toBe(400);
    expect((await server.get('/v2/health/ready')).status).toBe(200);
    expect((await predict('/v1/models/m:predict')).body).toEqual(before.body);
    declared.models = [fixture('iris-regressor.onnx', { name: 'm' })];
    expect(await ask('m', 'load')).toBe(200);
  });

  it('comes beside other versions, of which there are not too many', async () => {
    const versions = (count: number) =>
      Array.from({ length: count }, (_, index) => fixture('mlp.onnx', { name: 'm', version: String(index + 1) }));
    const { declared, server, ask, predict } = await changeable(...versions(1));
    declared.models = versions(8);
    expect(await ask('m', 'load')).toBe(200);
    for (const path of ['/v1/models/m/versions/1:predict', '/v1/models/m/versions/8:predict', '/v1/models/m:predict']) {
      expect((await predict(path)).status).toBe(200);
    }
    declared.models = versions(9);
    expect(await ask('m', 'load')).toBe(400);
    expect((await predict('/v1/models/m:predict')).status).toBe(200);
    expect((await server.get('/v2/health/ready')).status).toBe(200);
  });

  it('is said to be unloading until what it had taken is answered', async () => {
    const { server, ask, predict } = await changeable(fixture('slow.onnx', { batching: { maxBatchSize: 1 } }));
    const client = new GrpcClient(`127.0.0.1:${server.predictor.addresses.grpc.port}`);
    const overRest = async () => (await server.post('/v2/repository/index', {})).body;
    const overGrpc = async () => (await client.call('RepositoryIndex', {})).message.models;
    expect(await overGrpc()).toEqual([{ name: 'slow', version: '1', state: 'READY' }]);
    await server.connect(30);
    const taken = Array.from({ length: 30 }, () => predict('/v1/models/slow:predict'));
    await Promise.race(taken);
    const unload = ask('slow', 'unload');
    const seen = await eventually('it is not ready', async () => {
      const indexes = [...(await overRest()), ...(await overGrpc())];
      return indexes.every(({ state }) => state !== 'READY') && indexes;
    });
    const unloading = { name: 'slow', version: '1', state: 'UNLOADING', reason: 'the model is being unloaded' };
    expect(seen).toEqual([unloading, unloading]);
    expect((await predict('/v1/models/slow:predict')).status).toBe(503);
    expect((await server.post('/v2/repository/index', { ready: true })).body).toEqual([]);
    expect(await unload).toBe(200);
    const unloaded = { name: 'slow', version: '1', state: 'UNAVAILABLE', reason: 'the model was unloaded' };
    expect([...(await overRest()), ...(await overGrpc())]).toEqual([unloaded, unloaded]);
    await Promise.all(taken);
    client.close();
  });

  it('is no longer served when it is unloaded, and what it had taken is answered', async () => {
    const { server, ask, predict } = await changeable(
      fixture('slow.onnx', { batching: { maxBatchSize: 1 } }),
      fixture('mlp.onnx'),
    );
    await server.connect(10);
    const taken = Array.from({ length: 10 }, () => predict('/v1/models/slow:predict'));
    await Promise.race(taken);
    expect(await ask('slow', 'unload')).toBe(200);
    const statuses = (await Promise.all(taken)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(1);
    expect([404, 503]).toContain((await predict('/v1/models/slow:predict')).status);
    expect((await predict('/v1/models/mlp:predict')).status).toBe(200);
    expect((await server.get('/v2/health/ready')).status).toBe(200);
    const series = (await server.metrics()).split('\n').filter((line) => line.includes('model="slow"'));
    expect(series).toEqual([]);

    expect(await ask('slow', 'load')).toBe(200);
    expect((await predict('/v1/models/slow:predict')).status).toBe(200);
    expect(await server.metrics()).toContain(`${METRICS.modelReady}{model="slow",version="1"} 1`);
  });
});

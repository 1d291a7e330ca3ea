import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startPredictor } from '../../runtime/src/online';
import { createLogger } from '../../runtime/src/telemetry';
import {
  configOf,
  EXAMPLES,
  fixture,
  listenTestPredictor,
  startTestPredictor,
  type TestPredictor,
} from '../support/predictor';

// The two versions of the iris example differ in this row.
const ROW = [6, 2.7, 5.1, 1.6];
const body = { instances: [ROW] };
const input = { inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 4], data: ROW }] };

describe('versions side by side', () => {
  let server: TestPredictor;
  const iris = (version: string, file: string) =>
    fixture(join(EXAMPLES, `iris/models/iris-${file}.onnx`), { name: 'iris', version });

  beforeAll(async () => {
    server = await startTestPredictor([iris('10', 'v2'), iris('9', 'v1'), fixture('mlp.onnx', { version: 'a b/ü' })]);
  });

  it('answers the latest version, in the order of people, where none is named', async () => {
    const { body: answer } = await server.post('/v2/models/iris/infer', input);
    expect(answer.model_version).toBe('10');
    const [unversioned, nine, ten] = await Promise.all(
      ['', '/versions/9', '/versions/10'].map(
        async (version) => (await server.post(`/v1/models/iris${version}:predict`, body)).text,
      ),
    );
    expect(unversioned).toBe(ten);
    expect(unversioned).not.toBe(nine);
  });

  it('answers every version at its path', async () => {
    for (const version of ['9', '10']) {
      const { body: answer } = await server.post(`/v2/models/iris/versions/${version}/infer`, input);
      expect(answer).toMatchObject({ model_name: 'iris', model_version: version });
      expect((await server.get(`/v2/models/iris/versions/${version}`)).body.versions).toEqual(['9', '10']);
      expect((await server.get(`/v2/models/iris/versions/${version}/ready`)).body).toEqual({
        name: 'iris',
        ready: true,
      });
      expect((await server.get(`/v1/models/iris/versions/${version}`)).body).toEqual({ name: 'iris', ready: true });
    }
  });

  it.each(['?x=1', '/'])('answers predictions with %j behind the path', async (suffix) => {
    expect((await server.post(`/v1/models/iris:predict${suffix}`, body)).status).toBe(200);
    expect((await server.post(`/v2/models/iris/infer${suffix}`, input)).status).toBe(200);
  });

  it('decodes names and versions of the path', async () => {
    const version = encodeURIComponent('a b/ü');
    expect((await server.post(`/v1/models/mlp/versions/${version}:predict`, body)).status).toBe(200);
    expect((await server.post(`/v1/models/%6dlp/versions/${version}%3Apredict`, body)).status).toBe(200);
    expect((await server.post('/v1/models/m%6cp:predict', body)).status).toBe(200);
    expect((await server.get(`/v2/models/mlp/versions/${version.toLowerCase()}/ready`)).status).toBe(200);
  });
});

describe('readiness', () => {
  it('is false, and predictions answer 503, until the models are loaded', async () => {
    const server = await listenTestPredictor([fixture('mlp.onnx'), fixture('slow.onnx', { warmUp: { runs: 50 } })]);

    const health = await server.get('/v2/health/ready');
    expect([health.status, health.body, health.headers.get('retry-after')]).toEqual([503, { ready: false }, '1']);
    expect((await server.get('/v2/health/live')).status).toBe(200);
    const early = await server.post('/v1/models/slow:predict', body);
    expect([early.status, early.body.error]).toEqual([503, 'Model with name slow is not ready: the model is loading.']);
    const status = await server.get('/v2/models/slow/ready');
    expect([status.status, status.body]).toEqual([503, { name: 'slow', ready: false, error: expect.any(String) }]);

    await server.predictor.ready;
    expect((await server.get('/v2/health/ready')).body).toEqual({ ready: true });
    expect((await server.post('/v1/models/slow:predict', body)).status).toBe(200);
  });

  it('is false without models', async () => {
    const server = await startTestPredictor([]);
    expect((await server.get('/v2/health/ready')).status).toBe(503);
    expect((await server.get('/v1/models')).body).toEqual({ models: [] });
  });
});

describe('a model that cannot be loaded', () => {
  it.each([
    ['another digest', 'mlp.onnx', { sha256: 'f'.repeat(64) }, /SHA-256/],
    ['an empty file', 'empty.onnx', {}, /empty/],
    ['a damaged file', 'corrupted.onnx', {}, /damaged/],
    ['half a file', 'truncated.onnx', {}, /damaged/],
    ['external data', 'external-data.onnx', {}, /external data/],
    [
      'a warm-up request that does not fit',
      'mlp.onnx',
      { warmUp: { runs: 1, request: { instances: [[1]] } } },
      /warm-up/,
    ],
  ])('ends a predictor: %s', async (_what, file, changes, message) => {
    const server = await listenTestPredictor([fixture(file, changes)]);

    await expect(server.predictor.ready).rejects.toMatchObject({
      exitCode: 43,
      message: expect.stringMatching(message),
    });
    expect((await server.get('/v2/health/ready')).status).toBe(503);
  });

  it('is listed with its reason, and the others serve, where failures are reported', async () => {
    const server = await startTestPredictor(
      [
        fixture('corrupted.onnx'),
        fixture('mlp.onnx', { version: '1' }),
        fixture('truncated.onnx', { name: 'mlp', version: '2' }),
      ],
      {},
      { onLoadFailure: 'report', unusable: [{ name: 'other', version: '1', reason: 'the folder name is no name' }] },
    );

    expect((await server.get('/v1/models')).body).toEqual({ models: ['corrupted', 'mlp', 'other'] });
    const broken = await server.get('/v1/models/corrupted');
    expect([broken.status, broken.body.error]).toEqual([503, expect.stringMatching(/not ready: the file is damaged/)]);
    expect(broken.text).not.toContain('/');
    expect((await server.get('/v1/models/other')).body.error).toContain('the folder name is no name');
    // The latest version that is ready.
    expect(
      (await server.post('/v2/models/mlp/infer', JSON.stringify(input).replace('features', 'input'))).body,
    ).toMatchObject({
      model_version: '1',
    });
    expect((await server.get('/v1/models/mlp')).status).toBe(200);
    expect((await server.get('/v1/models/mlp/versions/2')).status).toBe(503);
    expect((await server.get('/v2/health/ready')).status).toBe(503);
  });
});

describe('ports', () => {
  it('rejects when a port is taken, and leaves none open', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const logger = createLogger({ level: 'silent' });

    const options = { logger, onLoadFailure: 'exit' } as const;
    await expect(startPredictor(configOf([], { httpPort: port }), options)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await expect(startPredictor(configOf([], { metricsPort: port }), options)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    taken.close();
  });
});

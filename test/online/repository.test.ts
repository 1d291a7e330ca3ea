import { randomBytes } from 'node:crypto';
import type { ModelConfig } from '../../lib/contract';
import { eventually } from '../support/eventually';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { RawConnection } from '../support/raw-http';

const ROW = [5.1, 3.5, 1.4, 0.2];

async function ask(url: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, { method: 'POST', body, headers });
  // biome-ignore lint/suspicious/noExplicitAny: tests look at bodies of any form
  return { status: response.status, body: (await response.json()) as any };
}

describe('the model repository extension', () => {
  let declared: ModelConfig[];
  let server: TestPredictor;
  let management: string;

  beforeEach(async () => {
    declared = [fixture('mlp.onnx', { version: '1' }), fixture('two-inputs.onnx'), fixture('corrupted.onnx')];
    server = await startTestPredictor(
      declared,
      { management: { port: 0 } },
      { onLoadFailure: 'report', declaredNow: async () => declared },
    );
    management = `http://127.0.0.1:${server.predictor.addresses.management?.port}`;
  });

  const index = async (body?: string, url = server.url) => (await ask(url, '/v2/repository/index', body)).body;
  const change = (verb: 'load' | 'unload', model: string, body?: string) =>
    ask(management, `/v2/repository/models/${model}/${verb}`, body);
  const predict = async (path: string) => (await server.post(`/v2/models/${path}/infer`, V2)).body;
  const V2 = { inputs: [{ name: 'input', shape: [1, 4], datatype: 'FP32', data: ROW }] };

  it('lists every version with its state and reason, on both ports', async () => {
    const ready = [
      { name: 'mlp', version: '1', state: 'READY', reason: '' },
      { name: 'two-inputs', version: '1', state: 'READY', reason: '' },
    ];
    const all = [
      ...ready,
      { name: 'corrupted', version: '1', state: 'UNAVAILABLE', reason: expect.stringMatching(/ONNX/) },
    ];
    expect(await index()).toEqual(all);
    expect(await index('{}')).toEqual(all);
    expect(await index('{"ready": false}')).toEqual(all);
    expect(await index('{"ready": true}')).toEqual(ready);
    expect(await index(undefined, management)).toEqual(all);
    expect(JSON.stringify(all)).not.toContain(__dirname);
  });

  it.each([['{"ready": 1}'], ['['], ['[]'], ['"ready"'], ['null']])('refuses the index body %s', async (body) => {
    expect((await ask(server.url, '/v2/repository/index', body)).status).toBe(400);
  });

  it('refuses a body that is too large, and other methods', async () => {
    expect((await ask(server.url, '/v2/repository/index', ' '.repeat(70_000))).status).toBe(413);
    const { status, headers } = await server.get('/v2/repository/index');
    expect([status, headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('changes nothing over the serving port', async () => {
    for (const path of ['mlp/load', 'mlp/unload', 'other/load']) {
      const { status, body } = await ask(server.url, `/v2/repository/models/${path}`, '{}');
      expect([status, Object.keys(body)]).toEqual([403, ['error']]);
    }
    expect((await predict('mlp')).model_version).toBe('1');
  });

  it('loads a new version beside the old one, and unloads what is no longer declared', async () => {
    declared = [fixture('mlp.onnx', { version: '1' }), fixture('mlp.onnx', { version: '2' })];
    expect(await change('load', 'mlp')).toMatchObject({ status: 200, body: { name: 'mlp', load: true } });
    expect((await predict('mlp')).model_version).toBe('2');
    expect((await predict('mlp/versions/1')).model_version).toBe('1');
    declared = declared.slice(1);
    await change('load', 'mlp', '{"parameters": {}}');
    expect((await server.post('/v2/models/mlp/versions/1/infer', V2)).status).toBe(503);
    expect((await predict('mlp/versions/2')).model_version).toBe('2');
    expect((await server.get('/v2/health/ready')).status).toBe(503); // the damaged model is still awaited
  });

  it('answers requests that were on their way to a version when another one took over', async () => {
    const raw = await RawConnection.open(server.port);
    const body = JSON.stringify(V2);
    raw.write(`POST /v2/models/mlp/infer HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`);
    raw.write(body.slice(0, 20));
    await server.get('/v2/health/live');
    declared = [fixture('mlp.onnx', { version: '2' })];
    expect((await change('load', 'mlp')).status).toBe(200);
    expect((await predict('mlp')).model_version).toBe('2');
    expect((await server.post('/v2/models/mlp/versions/1/infer', V2)).status).toBe(503);
    expect(await index()).toContainEqual(expect.objectContaining({ name: 'mlp', version: '1', state: 'UNLOADING' }));
    raw.write(body.slice(20));
    expect(await raw.answers(1)).toEqual([200]);
    expect(raw.text).toContain('"model_version":"1"');
    raw.destroy();
    declared = [fixture('mlp.onnx', { version: '1' })];
    await change('load', 'mlp');
    expect((await predict('mlp')).model_version).toBe('1');
  });

  it('describes what it serves now', async () => {
    declared = [fixture('mlp.onnx', { version: '9' })];
    await change('load', 'mlp');
    const paths = Object.keys((await server.get('/openapi.json')).body.paths);
    expect(paths).toContain('/v2/models/mlp/versions/9/infer');
    expect(paths).not.toContain('/v2/models/mlp/versions/1/infer');
  });

  it('keeps the last good model when the new file cannot be loaded', async () => {
    declared = [fixture('corrupted.onnx', { name: 'mlp', version: '1' })];
    for (const attempt of [1, 2]) {
      const { status, body } = await change('load', 'mlp');
      const error = expect.stringContaining("Version '1' of model 'mlp' is not loaded");
      expect([attempt, status, body.error]).toEqual([attempt, 400, error]);
      expect((await predict('mlp')).model_version).toBe('1');
    }
    const reason = expect.stringContaining('damaged');
    expect(await index('{"ready": true}')).toContainEqual({ name: 'mlp', version: '1', state: 'READY', reason });
  });

  it('unloads a model, answers 503 for it, and loads it again', async () => {
    expect(await change('unload', 'mlp', '{"parameters": {"unload_dependents": true}}')).toMatchObject({
      status: 200,
      body: { name: 'mlp', unload: true },
    });
    expect((await server.post('/v1/models/mlp:predict', { instances: [ROW] })).status).toBe(503);
    expect(await index()).toContainEqual({
      name: 'mlp',
      version: '1',
      state: 'UNAVAILABLE',
      reason: 'the model was unloaded',
    });
    expect((await change('unload', 'mlp')).status).toBe(200);
    await change('load', 'mlp');
    expect((await predict('mlp')).model_version).toBe('1');
  });

  it('loses no request while a model is loaded again and again', async () => {
    let going = true;
    const statuses: number[] = [];
    const clients = Array.from({ length: 8 }, async () => {
      while (going) {
        statuses.push((await server.post('/v2/models/mlp/infer', V2)).status);
      }
    });
    for (const runs of [1, 2, 3]) {
      declared = [
        fixture('mlp.onnx', { version: '1', warmUp: { runs } }),
        fixture('mlp.onnx', { version: `${runs + 1}` }),
      ];
      const before = statuses.length;
      expect((await change('load', 'mlp')).status).toBe(200);
      await eventually('requests were answered meanwhile', () => statuses.length > before + 20);
    }
    going = false;
    await Promise.all(clients);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it.each([
    ['parameters.config', '{"parameters": {"config": "{}"}}'],
    ['an uploaded file', `{"parameters": {"file:1/model.onnx": "${randomBytes(12).toString('base64')}"}}`],
    ['other parameters than an object', '{"parameters": 1}'],
    ['no object', '[]'],
  ])('refuses %s', async (_name, body) => {
    expect((await change('load', 'mlp', body)).status).toBe(400);
  });

  it('knows the models that are declared, and no others', async () => {
    expect((await change('load', 'other')).status).toBe(404);
    expect((await change('unload', 'other')).status).toBe(404);
    expect((await ask(management, '/v1/models/mlp:predict', '{}')).status).toBe(404);
    expect((await fetch(`${management}/v2/repository/models/mlp/load`)).status).toBe(405);
  });

  it('answers no browsers', async () => {
    const headers = { origin: 'https://site.example' };
    expect((await ask(management, '/v2/repository/models/mlp/unload', '', headers)).status).toBe(403);
    expect((await predict('mlp')).model_version).toBe('1');
  });
});

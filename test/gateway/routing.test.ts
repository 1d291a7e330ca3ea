import { join } from 'node:path';
import { ENVOY, send, type TestEnvoy } from '../support/envoy';
import { eventually } from '../support/eventually';
import { addVersion, newGateway, serversOf, startGateway } from '../support/gateways';
import { GrpcClient } from '../support/grpc-client';
import { fixture, startTestPredictor } from '../support/predictor';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const IDENTITY = { name: 'input', datatype: 'FP32', shape: [1, 2], data: [1, 2] };
const INFER = JSON.stringify({ inputs: [IDENTITY] });
const predictor = (name: string, version: string) =>
  startTestPredictor([fixture('identity-fp32.onnx', { name, version })]);
const input = { name: 'input', datatype: 'FP32', shape: [1, 2], contents: { fp32_contents: [1, 2] } };

describeWith('one model', ENVOY, () => {
  let envoy: TestEnvoy;
  beforeAll(async () => {
    const test = newGateway();
    const v1 = addVersion(test, 'echo', 'v1');
    const v2 = addVersion(test, 'echo', 'v2');
    test.gateway.addModel(v2, { defaultVersion: true });
    const [one, two] = [await predictor('echo', 'v1'), await predictor('echo', 'v2')];
    envoy = await startGateway(test, join(directory, 'one'), [
      [v1, serversOf(one)],
      [v2, serversOf(two)],
    ]);
  });

  test.each([
    ['V2', '/v2/models/echo/infer', INFER],
    ['V1', '/v1/models/echo:predict', JSON.stringify({ instances: [[1, 2]] })],
  ])('%s predictions go to the default version, and the answer says which one it was', async (_name, path, body) => {
    const answer = await envoy.send('POST', path, body);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'x-model-version': 'v2', 'x-model-variant': 'stable' });
    expect(answer.text).toContain('1');
  });

  test.each(['v1', 'v2'])('the path pins the version %s', async (version) => {
    const v2 = await envoy.send('POST', `/v2/models/echo/versions/${version}/infer`, INFER);
    const v1 = await envoy.send('POST', `/v1/models/echo/versions/${version}:predict`, '{"instances": [[1, 2]]}');
    expect([v2.status, v2.body.model_version, v1.status]).toEqual([200, version, 200]);
    expect([v1.headers['x-model-version'], v2.headers['x-model-version']]).toEqual([version, version]);
  });

  test.each(['v1', 'v2'])('the header pins the version %s', async (version) => {
    const answer = await envoy.send('POST', '/v2/models/echo/infer', INFER, { 'x-model-version': version });
    expect(answer.body).toMatchObject({ model_version: version });
  });

  test('a version that is not there is 404, and told', async () => {
    for (const [path, headers] of [
      ['/v2/models/echo/versions/v3/infer', {}],
      ['/v1/models/echo/versions/v3:predict', {}],
      ['/v2/models/echo/infer', { 'x-model-version': 'v3' }],
    ] as const) {
      const answer = await envoy.send('POST', path, INFER, headers);
      expect(answer.status).toBe(404);
      expect(answer.body.error).toBe("There is no such version of the model 'echo' here; there is 'v1', 'v2'.");
    }
  });

  test.each([
    '/v2',
    '/v2/health/live',
    '/v2/health/ready',
    '/v2/models/echo',
    '/v2/models/echo/ready',
    '/v1/models/echo',
    '/openapi.json',
    '/docs',
    '/v2/health/ready/',
  ])('GET %s goes to the model', async (path) => {
    expect((await envoy.send('GET', path)).status).toBe(200);
  });

  test.each(['/v2/models/other/infer', '/v2/models/echoes/infer', '/v2/models/ech', '/v3'])(
    '%s is 404 with JSON',
    async (path) => {
      const answer = await envoy.send('POST', path, INFER);
      expect(answer.status).toBe(404);
      const error = `There is nothing at POST ${path} here; the model of this address is 'echo'.`;
      expect(answer.body).toEqual({ error });
    },
  );

  test('what was asked is in the answer without its query, cut, and never as anything but text', async () => {
    const odd = await envoy.send('GET', '/<script>"\\x?key=secret');
    expect(odd.headers['content-type']).toBe('application/json');
    expect(odd.body.error).toContain('GET /%3Cscript%3E%22/x here');
    expect((await envoy.send('GET', `/${'a'.repeat(5000)}`)).body.error.length).toBeLessThan(300);
    expect((await envoy.send('GET', '/%REQ(authorization)%', undefined, { authorization: 'own' })).text).not.toContain(
      'own',
    );
  });

  test('a path with an encoded slash is refused with JSON', async () => {
    const answer = await envoy.send('GET', '/v2/models/echo%2Finfer');
    expect([answer.status, answer.body?.error]).toEqual([400, expect.stringContaining('encoded slash')]);
  });

  test('the errors of a model stay as they are', async () => {
    const answer = await envoy.send('POST', '/v2/models/echo/infer', '{');
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body)).toEqual(['error']);
    expect(answer.headers['x-model-version']).toBe('v2');
  });

  test('gRPC goes to the model on the same port, and a header pins the version', async () => {
    const client = new GrpcClient(`127.0.0.1:${envoy.port}`);
    try {
      const first = await client.infer('echo', [input]);
      expect([first.code, first.message?.model_version]).toEqual(['OK', 'v2']);
      const pinned = await client.infer('echo', [input], {}, { 'x-model-version': 'v1' });
      expect(pinned.message?.model_version).toBe('v1');
      expect((await client.infer('echo', [input], {}, { 'x-model-version': 'v9' })).code).toBe('UNIMPLEMENTED');
      expect((await client.call('Check', {})).message).toEqual({ status: 'SERVING' });
      const updates: string[] = [];
      const watch = client.watch('');
      watch.on('data', ({ status }) => updates.push(status));
      watch.on('error', () => undefined);
      await eventually('the health is watched', () => updates.length > 0);
      watch.cancel();
    } finally {
      client.close();
    }
  });

  test('the identifier of a request is kept, or made', async () => {
    const given = await envoy.send('GET', '/v2', undefined, { 'x-request-id': 'my-own-1' });
    expect(given.headers['x-request-id']).toBe('my-own-1');
    expect((await envoy.send('GET', '/nothing')).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('the access log has one JSON object for each request, without the query', async () => {
    await envoy.send('POST', '/v2/models/echo/infer?key=secret', INFER, { 'x-request-id': 'logged-1' });
    const entry = await eventually('the request is logged', () =>
      envoy.accessLog().find(({ request_id }) => request_id === 'logged-1'),
    );
    expect(entry).toMatchObject({
      method: 'POST',
      path: '/v2/models/echo/infer',
      status: 200,
      variant: 'stable',
      model_version: 'v2',
      duration_ms: expect.any(Number),
      upstream_cluster: expect.stringMatching(/^echo-v2-[0-9a-f]{8}-http$/),
    });
  });

  test('health and metrics have a port without the administration', async () => {
    const at = async (path: string) => (await send(envoy.metricsPort, 'GET', path)).status;
    expect([await at('/ready'), await at('/live'), await at('/stats/prometheus')]).toEqual([200, 200, 200]);
    expect([await at('/config_dump'), await at('/'), await at('/stats')]).toEqual([404, 404, 404]);
    expect((await envoy.send('GET', '/ready')).status).toBe(200);
  });
});

describeWith('several models', ENVOY, () => {
  let envoy: TestEnvoy;
  beforeAll(async () => {
    const test = newGateway();
    const [a, b, c] = [addVersion(test, 'alpha'), addVersion(test, 'beta.1'), addVersion(test, 'gamma')];
    test.gateway.addModel(c, { hosts: ['gamma.example.com', '*.gamma.example.com'] });
    const servers = [await predictor('alpha', 'v1'), await predictor('beta.1', 'v1'), await predictor('gamma', 'v1')];
    envoy = await startGateway(
      test,
      join(directory, 'several'),
      [a, b, c].map((model, index) => [model, serversOf(servers[index] as (typeof servers)[number])]),
    );
  });

  test('the path names the model', async () => {
    for (const name of ['alpha', 'beta.1']) {
      expect((await envoy.send('POST', `/v2/models/${name}/infer`, INFER)).body.model_name).toBe(name);
    }
    const { status, body } = await envoy.send('POST', '/v2/models/betaX1/infer', INFER);
    expect([status, body.error]).toEqual([
      404,
      expect.stringContaining("here; the models of this address are 'alpha', 'beta.1'."),
    ]);
  });

  test('a model with hosts is found by them alone, with or without a port', async () => {
    expect((await envoy.send('POST', '/v2/models/gamma/infer', INFER)).status).toBe(404);
    for (const host of ['gamma.example.com', 'gamma.example.com:8080', 'eu.gamma.example.com']) {
      const answer = await envoy.send('POST', '/v2/models/gamma/infer', INFER, { host });
      expect([answer.status, answer.body?.model_name]).toEqual([200, 'gamma']);
    }
  });

  test('what names no model is answered by the gateway, or at a host by its model', async () => {
    const { status, body } = await envoy.send('GET', '/v2/health/ready');
    expect([status, body]).toEqual([200, { ready: true }]);
    expect((await envoy.send('GET', '/v2/health/live')).body).toEqual({ live: true });
    expect((await envoy.send('GET', '/v2')).status).toBe(404);
    expect((await envoy.send('GET', '/docs/')).status).toBe(404);
    const own = await envoy.send('GET', '/v2/models', undefined, { host: 'gamma.example.com' });
    expect(own.body).toEqual({ models: ['gamma'] });
  });

  test('gRPC finds a model by header, or by host', async () => {
    const client = new GrpcClient(`127.0.0.1:${envoy.port}`);
    const atHost = new GrpcClient(`127.0.0.1:${envoy.port}`, { 'grpc.default_authority': 'gamma.example.com' });
    try {
      for (const name of ['alpha', 'beta.1']) {
        const { code, message } = await client.infer(name, [input], {}, { 'x-model-name': name });
        expect([code, message?.model_name]).toEqual(['OK', name]);
      }
      const nameless = await client.infer('alpha', [input]);
      expect([nameless.code, nameless.details]).toEqual(['UNIMPLEMENTED', expect.stringContaining('x-model-name')]);
      expect((await atHost.infer('gamma', [input])).code).toBe('OK');
      // At the host of one model the others are there too, where they have no hosts of their own.
      expect((await atHost.infer('alpha', [input], {}, { 'x-model-name': 'alpha' })).message?.model_name).toBe('alpha');
    } finally {
      client.close();
      atHost.close();
    }
  });
});

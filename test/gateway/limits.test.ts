import { join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import { type ModelGatewayProps, type OnlineModelProps, RateLimit } from 'cdk8s-model-serving';
import { ENVOY, type ProxyAnswer, type TestEnvoy } from '../support/envoy';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { addVersion, newGateway, serversOf, startGateway } from '../support/gateways';
import { GrpcClient } from '../support/grpc-client';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { type RecordingServer, startRecordingServer } from '../support/recording-server';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const PATH = '/v2/models/echo/infer';
const INFER = JSON.stringify({ inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] });

let gateways = 0;

/** A gateway in front of one model, whose pods are servers on the given ports. */
function inFront(ports: number[], props: ModelGatewayProps = {}, model: Partial<OnlineModelProps> = {}, grpc?: number) {
  const test = newGateway(props);
  const version = addVersion(test, 'echo', 'v1', model);
  return startGateway(test, join(directory, `gateway-${gateways++}`), [
    [version, { http: ports, grpc: grpc === undefined ? undefined : [grpc] }],
  ]);
}

const infer = (envoy: TestEnvoy, headers?: Record<string, string>) => envoy.send('POST', PATH, INFER, headers);
const errorOf = ({ status, body }: ProxyAnswer) => [status, Object.keys(body ?? {}), body?.error];

describeWith('limits of requests', ENVOY, () => {
  let predictor: TestPredictor;
  beforeAll(async () => {
    predictor = await startTestPredictor([fixture('identity-fp32.onnx', { name: 'echo', version: 'v1' })]);
  });
  const ports = () => serversOf(predictor).http;

  test('a body above the limit of the model is 413, and one at the limit arrives', async () => {
    const [grpc] = serversOf(predictor).grpc as number[];
    const envoy = await inFront(ports(), {}, { maxBodySize: Size.kibibytes(4) }, grpc);
    expect(errorOf(await envoy.send('POST', PATH, ' '.repeat(4102)))).toEqual([
      413,
      ['error'],
      expect.stringContaining('too large'),
    ]);
    expect((await envoy.send('POST', PATH, INFER.padEnd(4096))).status).toBe(200);
    const client = new GrpcClient(`127.0.0.1:${envoy.port}`);
    try {
      const input = (rows: number) => [
        { name: 'input', datatype: 'FP32', shape: [rows, 2], contents: { fp32_contents: Array(2 * rows).fill(1) } },
      ];
      expect((await client.infer('echo', input(1))).code).toBe('OK');
      expect((await client.infer('echo', input(20_000))).details).toContain('Too Large');
    } finally {
      client.close();
    }
  });

  test('a client beyond its limit gets 429 with Retry-After, and health is not counted', async () => {
    const envoy = await inFront(ports(), { rateLimit: RateLimit.perClient(5, Duration.hours(1)), trustedProxies: 1 });
    const from = (address: string) => infer(envoy, { 'x-forwarded-for': address });
    for (let index = 0; index < 5; index += 1) {
      expect((await from('192.0.2.1')).status).toBe(200);
    }
    const refused = await from('192.0.2.1');
    expect(errorOf(refused)).toEqual([429, ['error'], expect.stringContaining('too many requests')]);
    expect(refused.headers['retry-after']).toBe('1');
    // Another client has a limit of its own; one of IPv6 has whole networks of addresses.
    expect((await from('192.0.2.2')).status).toBe(200);
    for (let index = 0; index < 5; index += 1) {
      expect((await from(`2001:db8::${index}`)).status).toBe(200);
    }
    expect((await from('2001:db8::99')).status).toBe(429);
    expect((await envoy.send('GET', '/v2/health/ready', undefined, { 'x-forwarded-for': '192.0.2.1' })).status).toBe(
      200,
    );
  });

  test('a client of gRPC beyond its limit gets RESOURCE_EXHAUSTED', async () => {
    const [grpc] = serversOf(predictor).grpc as number[];
    const envoy = await inFront(ports(), { rateLimit: RateLimit.perClient(1, Duration.hours(1)) }, {}, grpc);
    const client = new GrpcClient(`127.0.0.1:${envoy.port}`);
    try {
      const asked = () => client.call('ModelReady', { name: 'echo' });
      expect((await asked()).code).toBe('OK');
      expect((await asked()).code).toBe('RESOURCE_EXHAUSTED');
      expect((await client.call('ServerLive', {})).code).toBe('OK');
    } finally {
      client.close();
    }
  });

  test('the limit of a model counts its requests alone, and the one of all counts all', async () => {
    const limits = [RateLimit.perModel(3, Duration.hours(1)), RateLimit.global(8, Duration.hours(1))];
    const test = newGateway({ rateLimit: RateLimit.allOf(limits) });
    const [a, b, c] = ['echo', 'other', 'third'].map((name) => addVersion(test, name));
    const servers = { http: ports() };
    const envoy = await startGateway(test, join(directory, 'models'), [
      [a as never, servers],
      [b as never, servers],
      [c as never, servers],
    ]);
    const statuses = async (name: string) => {
      const found: number[] = [];
      for (let index = 0; index < 4; index += 1) {
        found.push((await envoy.send('POST', `/v2/models/${name}/infer`, INFER)).status);
      }
      return found;
    };
    // 404 is the answer of the predictor, which has another model.
    expect(await statuses('echo')).toEqual([200, 200, 200, 429]);
    expect(await statuses('other')).toEqual([404, 404, 404, 429]);
    expect(await statuses('third')).toEqual([404, 404, 429, 429]);
  });

  test('headers above the limit are 431', async () => {
    const envoy = await inFront(ports());
    const answer = await infer(envoy, { 'x-large': 'x'.repeat(20_000) });
    expect(errorOf(answer)).toEqual([431, ['error'], expect.stringContaining('headers')]);
  });

  test('a browser of an allowed origin may read answers, and no other', async () => {
    const envoy = await inFront(ports(), { cors: ['https://app.example.com'] });
    const preflight = (origin: string) =>
      envoy.send('OPTIONS', PATH, undefined, { origin, 'access-control-request-method': 'POST' });
    const allowed = await preflight('https://app.example.com');
    expect([allowed.status, allowed.headers['access-control-allow-origin']]).toEqual([200, 'https://app.example.com']);
    expect((await preflight('https://evil.example.com')).headers['access-control-allow-origin']).toBeUndefined();
    const answer = await infer(envoy, { origin: 'https://app.example.com' });
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example.com');
    expect(answer.headers['access-control-expose-headers']).toContain('x-model-version');
  });
});

describeWith('models that do not answer', ENVOY, () => {
  let silent: RecordingServer;
  let cutting: RecordingServer;
  let failing: RecordingServer;
  let good: RecordingServer;
  beforeAll(async () => {
    silent = await startRecordingServer(() => undefined);
    cutting = await startRecordingServer((request) => request.socket.destroy());
    failing = await startRecordingServer((_, response) => response.writeHead(500).end('{"error":"broken"}'));
    good = await startRecordingServer((_, response) => response.end('{}'));
  });

  test('no pod: 503 with Retry-After', async () => {
    const envoy = await inFront([await freePort()]);
    const answer = await infer(envoy);
    expect(errorOf(answer)).toEqual([503, ['error'], expect.stringContaining('No pod of this model')]);
    expect(answer.headers['retry-after']).toBe('1');
  });

  test('longer than the latency budget: 504', async () => {
    const envoy = await inFront([silent.port], {}, { latencyBudget: Duration.millis(100) });
    expect(errorOf(await infer(envoy))).toEqual([504, ['error'], expect.stringContaining('in time')]);
  });

  test('a pod that cannot be reached costs no request: another one gets it', async () => {
    const envoy = await inFront([await freePort(), good.port]);
    const answers = await Promise.all(Array.from({ length: 100 }, () => infer(envoy)));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  });

  test('a prediction that a pod has got is not sent again', async () => {
    const envoy = await inFront([cutting.port]);
    const answer = await infer(envoy);
    expect(errorOf(answer)).toEqual([503, ['error'], expect.any(String)]);
    expect(cutting.received).toHaveLength(1);
  });

  test('more requests in flight than allowed: 503 at once, and the others go on', async () => {
    const envoy = await inFront([silent.port], { maxConcurrentRequests: 2 }, { latencyBudget: Duration.seconds(1) });
    const before = silent.received.length;
    const waiting = [infer(envoy), infer(envoy)];
    await eventually('both are in flight', () => silent.received.length === before + 2);
    const refused = await infer(envoy);
    expect(errorOf(refused)).toEqual([503, ['error'], expect.stringContaining('in flight')]);
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([504, 504]);
  });

  test('a pod that fails again and again rests', async () => {
    const envoy = await inFront([failing.port, good.port]);
    await eventually('the pod is ejected', async () => {
      await infer(envoy);
      return (await envoy.metric('envoy_cluster_outlier_detection_ejections_active', '-http"')) === 1;
    });
    const answers = await Promise.all(Array.from({ length: 50 }, () => infer(envoy)));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  });

  test('while it drains, the gateway is not ready, and answers all the same', async () => {
    const envoy = await inFront([good.port]);
    await envoy.admin('/healthcheck/fail', 'POST');
    expect((await envoy.send('GET', '/ready')).status).toBe(503);
    const answer = await infer(envoy);
    expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
  });

  test('the budgets of the models are edges of the latency histogram', async () => {
    const envoy = await inFront([good.port], {}, { latencyBudget: Duration.millis(77) });
    await infer(envoy);
    await eventually(
      'the latency is counted',
      async () => (await envoy.metric('envoy_cluster_upstream_rq_time_bucket', '-http"', 'le="77"')) > 0,
    );
  });
});

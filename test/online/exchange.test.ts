import { RequestError, V2Codec, WIRE_LIMITS } from '../../runtime/src/protocol';
import { type Job, PRIORITIES } from '../../runtime/src/scheduling';
import { SIGNATURE, TestEndpoint } from '../support/endpoint';
import { fixture, startTestPredictor } from '../support/predictor';

const LIMIT = 10_000;
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const output = (...values: number[]) => [
  { datatype: 'FP32' as const, shape: [values.length, 1], data: Float32Array.from(values) },
];

describe('one request', () => {
  let job: Job;
  let answer: (job: Job) => void;
  const succeed = (asked: Job) => asked.succeed(output(1), undefined, 'own');
  const endpoint = new TestEndpoint(
    (asked) => {
      job = asked;
      answer(asked);
    },
    { timeLimitMillis: LIMIT },
  );
  /** Milliseconds that the job may still take, as it was submitted. */
  const remaining = async (headers: Record<string, string>, parameters: object = {}) => {
    let millis = 0;
    answer = (asked) => {
      millis = asked.expiresAt - performance.now();
      succeed(asked);
    };
    expect((await endpoint.send(headers, { parameters })).status).toBe(200);
    return millis;
  };

  beforeAll(() => endpoint.start());
  afterAll(() => endpoint.stop());
  beforeEach(() => {
    answer = succeed;
  });
  afterEach(() => {
    expect(endpoint.metrics.inFlight).toBe(0);
  });

  it.each([
    ['nothing', {}, {}, LIMIT],
    ['a header', { 'x-request-timeout-ms': '5000' }, {}, 5000],
    ['a parameter', {}, { timeout: 5_000_000 }, 5000],
    ['both', { 'x-request-timeout-ms': '7000' }, { timeout: 5_000_000 }, 5000],
    ['both, the other way', { 'x-request-timeout-ms': '5000' }, { timeout: 7_000_000 }, 5000],
    ['more than the limit of the model', { 'x-request-timeout-ms': '60000' }, { timeout: 60_000_000 }, LIMIT],
    ['numbers beyond all limits', { 'x-request-timeout-ms': '9'.repeat(400) }, { timeout: 1e300 }, LIMIT],
    ['no time that is said', {}, { timeout: 0 }, LIMIT],
  ])('waits as long as %s says', async (_what, headers, parameters, millis) => {
    const left = await remaining(headers as Record<string, string>, parameters);
    expect(left).toBeLessThanOrEqual(millis);
    expect(left).toBeGreaterThan(millis - 2000);
  });

  it.each(['0', '-1', '1.5', '1e3', 'soon', '', '00', '5 000', '5, 6'])('refuses the time limit %p', async (millis) => {
    const response = await endpoint.send({ 'x-request-timeout-ms': millis });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: expect.stringContaining('x-request-timeout-ms') },
    ]);
  });

  it.each([
    [undefined, PRIORITIES.interactive],
    [0, PRIORITIES.interactive],
    [1, PRIORITIES.interactive],
    [2, PRIORITIES.shadow],
    [3, PRIORITIES.batch],
    [2 ** 63, PRIORITIES.batch],
  ])('has for the priority %p the class %p', async (priority, wanted) => {
    await endpoint.send({}, { parameters: { priority } });
    expect(job.priority).toBe(wanted);
  });

  it('tells how long its stages took', async () => {
    answer = (asked) => {
      Object.assign(asked.times, { queue: 0.0015, inference: 0.25, features: 0 });
      succeed(asked);
    };
    const plain = (await endpoint.send()).headers.get('server-timing');
    expect(plain).toMatch(/^queue;dur=1\.5,inference;dur=250,serialization;dur=[\d.]+$/);
    answer = (asked) => {
      Object.assign(asked.times, { queue: -1, inference: 0.0000004, features: 0.002 });
      succeed(asked);
    };
    const looked = (await endpoint.send()).headers.get('server-timing');
    expect(looked).toMatch(/^queue;dur=0,features;dur=2,inference;dur=0,serialization;dur=[\d.]+$/);
  });

  it('says what answered, when it was not the model', async () => {
    expect((await endpoint.send()).headers.get('x-prediction-source')).toBeNull();
    answer = (asked) => asked.succeed(output(1), undefined, 'cached');
    expect((await endpoint.send()).headers.get('x-prediction-source')).toBe('cached');
  });

  it('takes headers of the stages, with answers and with errors', async () => {
    answer = (asked) => {
      asked.headers = { ...asked.headers, 'x-feature-source': 'store' };
      succeed(asked);
    };
    expect((await endpoint.send()).headers.get('x-feature-source')).toBe('store');
    expect((await endpoint.send({ 'Accept-Encoding': 'gzip, identity;q=0' })).headers.get('x-feature-source')).toBe(
      'store',
    );
  });

  it('carries its identifiers', async () => {
    await endpoint.send({ 'x-request-id': 'a-1', traceparent: TRACEPARENT, tracestate: 'a=1,b=2' }, { id: 'body' });
    expect(job.origin).toEqual({ requestId: 'a-1', traceparent: TRACEPARENT, tracestate: 'a=1,b=2' });
    const response = await endpoint.send({ traceparent: 'nonsense' }, { id: 'body' });
    expect(job.origin).toEqual({ requestId: 'body' });
    expect([response.headers.get('traceparent'), response.headers.get('tracestate')]).toEqual([null, null]);
  });

  it('is refused before it is read, where no request can be answered', async () => {
    const decoded = jest.spyOn(V2Codec.prototype, 'decode');
    const full = new TestEndpoint(succeed, { refusal: () => new RequestError(429, 'full', { 'Retry-After': '1' }) });
    await full.start();
    const response = await full.send();
    full.stop();
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
    expect(decoded).not.toHaveBeenCalled();
    decoded.mockRestore();
  });

  it('is a fault of the server when its answer cannot be written, and is logged', async () => {
    answer = (asked) => asked.succeed([], undefined, 'own');
    const response = await endpoint.send();
    expect([response.status, await response.json()]).toEqual([500, { error: 'Internal error.' }]);
    expect(endpoint.warnings.splice(0)).toEqual([{ error: expect.any(Error) }]);
  });

  it('is a fault of the client when its answer is too large, and is logged', async () => {
    const codec = new V2Codec(SIGNATURE, 'm', '1', { ...WIRE_LIMITS, responseBytes: 1000 });
    const large = (asked: Job) => asked.succeed(output(...Array(500).fill(1)), undefined, 'own');
    const small = new TestEndpoint(large, { codec });
    await small.start();
    const response = await small.send();
    small.stop();
    const error = expect.stringContaining('1000 bytes (server.limits.maxResponseBytes)');
    expect([response.status, await response.json()]).toEqual([400, { error }]);
    expect(small.warnings).toEqual([{ reason: error }]);
    expect(small.metrics.inFlight).toBe(0);
  });

  it('is answered once', async () => {
    answer = (asked) => {
      succeed(asked);
      asked.succeed(output(2), undefined, 'own');
    };
    const body = (await (await endpoint.send()).json()) as { outputs: { data: number[] }[] };
    expect(body.outputs[0].data).toEqual([1]);
  });
});

describe('identifiers of requests', () => {
  it('come back with every answer, when they are safe', async () => {
    const server = await startTestPredictor([fixture('mlp.onnx')]);
    const echo = async (method: string, path: string, id: string) =>
      (await server.send(method, path, method === 'POST' ? '{' : undefined, { 'x-request-id': id })).headers.get(
        'x-request-id',
      );
    for (const id of ['a', 'A-1_b.c:d/e+f=g@h~i', 'x'.repeat(128)]) {
      expect(await echo('POST', '/v1/models/mlp:predict', id)).toBe(id);
      expect(await echo('GET', '/v2', id)).toBe(id);
      expect(await echo('GET', '/nope', id)).toBe(id);
    }
    for (const id of ['', ' ', 'a b', 'a,b', 'x'.repeat(129), '<a>', '"']) {
      expect(await echo('GET', '/v2', id)).toBeNull();
    }
  });
});

import { setTimeout as wait } from 'node:timers/promises';
import type { FeatureLookupConfig } from '../../lib/contract';
import { eventually } from '../support/eventually';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy';
import { featuresConfig, seriesValue } from '../support/features';
import { freePort } from '../support/free-port';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { REDIS_SERVER, type RedisServer, startRedisServer } from '../support/redis-server';
import { describeWith } from '../support/requires';

const PREDICT = '/v1/models/two-inputs:predict';
const BODY = { instances: [{ a: [0, 0], card: 'one' }] };
const BUDGET_MILLIS = 2000;

function model(address: string, lookup: Partial<FeatureLookupConfig> = {}) {
  const features = featuresConfig({
    address,
    timeoutMillis: 50,
    features: [
      { name: 'b0', input: 'b', column: 0, defaultValue: 100 },
      { name: 'b1', input: 'b', column: 1, defaultValue: 200 },
    ],
    ...lookup,
  });
  return fixture('two-inputs.onnx', { features, latencyBudgetMillis: BUDGET_MILLIS });
}

/** Where the features of one prediction came from. Fails when there was no answer. */
async function source({ post }: TestPredictor): Promise<string | null> {
  const answer = await post(PREDICT, BODY);
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('predictions')]);
  return answer.headers.get('x-feature-source');
}

/** Predictions go on with defaults, and with values once the fault is over. */
async function becomes(test: TestPredictor, expected: string): Promise<void> {
  await eventually(`features come from ${expected}`, async () => (await source(test)) === expected);
}

async function breakerIs(test: TestPredictor, state: string): Promise<boolean> {
  return seriesValue(await test.metrics(), 'model_serving_circuit_breaker_state', { state }) === 1;
}

describeWith('a feature store that fails', REDIS_SERVER, () => {
  let redis: RedisServer;
  let proxy: FaultProxy;
  let test: TestPredictor;
  const rejections: unknown[] = [];
  const note = (reason: unknown) => rejections.push(reason);

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    redis = await startRedisServer();
    await redis.command('HSET', 'card:one', 'b0', '1', 'b1', '2');
    proxy = await startFaultProxy(redis.port);
    test = await startTestPredictor([model(proxy.address)]);
  });

  beforeEach(() => becomes(test, 'store'));

  afterAll(() => {
    process.off('unhandledRejection', note);
    expect(rejections).toEqual([]);
  });

  it('swallows everything: defaults, the breaker opens, and closes when the store is back', async () => {
    proxy.faults.blackHole = true;
    for (let index = 0; index < 10; index += 1) {
      expect(await source(test)).toBe('default');
    }
    expect(await breakerIs(test, 'open')).toBe(true);
    // The silent connection is given up, and none can be made.
    await eventually('the connection is given up', async () => {
      return seriesValue(await test.metrics(), 'model_serving_feature_store_connected') === 0;
    });
    expect(await source(test)).toBe('default');
    proxy.faults.blackHole = false;
    await becomes(test, 'store');
    expect(await breakerIs(test, 'closed')).toBe(true);
  });

  it('is slow: the breaker opens, and closes by a probe', async () => {
    proxy.faults.delayMillis = 300;
    await eventually('the breaker opens', async () => {
      expect(await source(test)).toBe('default');
      return breakerIs(test, 'open');
    });
    const refused = () =>
      test
        .metrics()
        .then((text) => seriesValue(text, 'model_serving_feature_store_requests_total', { outcome: 'refused' }));
    const before = (await refused()) ?? 0;
    await source(test);
    expect(await refused()).toBe(before + 1);
    proxy.faults.delayMillis = undefined;
    await becomes(test, 'store');
    expect(await breakerIs(test, 'closed')).toBe(true);
  });

  it('resets the connection: the same values are asked again within the time limit', async () => {
    const patient = await startTestPredictor([model(proxy.address, { timeoutMillis: 1500 })]);
    await becomes(patient, 'store');
    // The answer is held back, so that the reset comes before it.
    proxy.faults.delayMillis = 200;
    const answer = source(patient);
    await wait(50);
    proxy.reset();
    proxy.faults.delayMillis = undefined;
    expect(await answer).toBe('store');
    expect(seriesValue(await patient.metrics(), 'model_serving_feature_store_retries_total')).toBe(1);
  });

  it('accepts connections and resets them: defaults without waiting', async () => {
    proxy.faults.refuse = true;
    proxy.reset();
    await becomes(test, 'default');
    const connections = proxy.connections();
    for (let index = 0; index < 20; index += 1) {
      expect(await source(test)).toBe('default');
    }
    // Requests make no connections of their own.
    expect(proxy.connections() - connections).toBeLessThan(20);
    proxy.faults.refuse = false;
    await becomes(test, 'store');
  });

  it('is killed, and comes back with other data', async () => {
    await redis.kill();
    await becomes(test, 'default');
    await redis.restart();
    await redis.command('HSET', 'card:one', 'b0', '7', 'b1', '8');
    await becomes(test, 'store');
    expect((await test.post(PREDICT, BODY)).body.predictions[0].sum).toEqual([7, 8]);
  });

  it('stands still: defaults, and values again when it goes on', async () => {
    redis.freeze(true);
    await becomes(test, 'default');
    await eventually('the breaker opens', async () => {
      await source(test);
      return breakerIs(test, 'open');
    });
    redis.freeze(false);
    await becomes(test, 'store');
  });

  it('refuses the user: defaults, no new connections, and values when the right is there', async () => {
    const restricted = await startRedisServer();
    await restricted.command('ACL', 'SETUSER', 'default', '-hmget');
    const denied = await startTestPredictor([model(restricted.address)]);
    expect(await source(denied)).toBe('default');
    const text = await denied.metrics();
    expect(seriesValue(text, 'model_serving_feature_store_requests_total', { outcome: 'error' })).toBe(1);
    expect(seriesValue(text, 'model_serving_feature_store_connected')).toBe(1);
    await restricted.command('ACL', 'SETUSER', 'default', '+hmget');
    await restricted.command('HSET', 'card:one', 'b0', '1', 'b1', '2');
    await becomes(denied, 'store');
  });

  it('has hashes of other sizes than expected: only the declared fields are read', async () => {
    const fields = Array.from({ length: 20_000 }, (_, index) => [`f${index}`, 'x'.repeat(100)]).flat();
    await redis.command('HSET', 'card:huge', ...fields, 'b0', '3', 'b1', '4');
    await redis.command('HSET', 'card:long', 'b0', '9'.repeat(1_000_000), 'b1', '4');
    const [huge, long] = await Promise.all(
      ['huge', 'long'].map((card) => test.post(PREDICT, { instances: [{ a: [0, 0], card }] })),
    );
    expect(huge.body.predictions[0].sum).toEqual([3, 4]);
    expect(long.body.predictions[0].sum[0]).toBe(100);
  });

  it('is not there at all: the model gets ready and serves', async () => {
    const port = await freePort();
    const early = await startTestPredictor([model(`127.0.0.1:${port}`)]);
    expect((await early.get('/v2/health/ready')).status).toBe(200);
    expect(await source(early)).toBe('default');
    const nameless = await startTestPredictor([model('no-such-host.invalid:6379')]);
    expect(await source(nameless)).toBe('default');
  });

  it('speaks another protocol: defaults', async () => {
    const http = await startTestPredictor([fixture('mlp.onnx')]);
    const confused = await startTestPredictor([model(`127.0.0.1:${http.port}`)]);
    expect(await source(confused)).toBe('default');
  });

  it('costs a request with a short deadline no answer', async () => {
    const slow = await startFaultProxy(redis.port);
    const hurried = await startTestPredictor([
      { ...model(slow.address, { timeoutMillis: 10_000 }), latencyBudgetMillis: 3000 },
    ]);
    await becomes(hurried, 'store');
    slow.faults.delayMillis = 20_000;
    expect(await source(hurried)).toBe('default');
  });
});

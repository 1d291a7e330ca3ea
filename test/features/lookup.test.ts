import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FeatureConfig, FeatureLookupConfig } from '../../lib/contract';
import { eventually } from '../support/eventually';
import { featuresConfig, seriesValue } from '../support/features';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { REDIS_SERVER, type RedisServer, startRedisServer } from '../support/redis-server';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const DIRECTORY = temporaryDirectory();
const PREDICT = '/v1/models/two-inputs:predict';

/** `two-inputs.onnx`: `a` and `b` FP32 [N,2] to `sum` and `difference`. Here `b` is looked up as a whole. */
const B: FeatureConfig[] = [
  { name: 'b0', input: 'b', column: 0, defaultValue: 100 },
  { name: 'b1', input: 'b', column: 1, defaultValue: 200 },
];

function twoInputs(lookup: Partial<FeatureLookupConfig> & Pick<FeatureLookupConfig, 'address'>) {
  return fixture('two-inputs.onnx', { features: featuresConfig({ features: B, ...lookup }) });
}

/** Sums of the answer, one list a row. */
function sums(answer: { body: { predictions: { sum: number[] }[] } }): number[][] {
  return answer.body.predictions.map(({ sum }) => sum);
}

describeWith('features from Redis', REDIS_SERVER, () => {
  let redis: RedisServer;
  let test: TestPredictor;

  beforeAll(async () => {
    redis = await startRedisServer();
    await redis.command('HSET', 'card:one', 'b0', '1', 'b1', '2.5');
    await redis.command('HSET', 'card:two', 'b0', '10', 'b1', '20');
    await redis.command('HSET', 'card:half', 'b0', '5');
    await redis.command('HSET', 'card:text', 'b0', 'seven', 'b1', '0x10');
    await redis.command('SET', 'card:string', 'no hash');
    test = await startTestPredictor([twoInputs({ address: redis.address })]);
  });

  it('takes the entity in place of the looked-up inputs, over V1 and V2', async () => {
    const row = { a: [1, 1], card: 'one' };
    const v1 = await test.post(PREDICT, { instances: [row, { a: [0, 0], card: 'two' }] });
    expect(v1.status).toBe(200);
    expect(sums(v1)).toEqual([
      [2, 3.5],
      [10, 20],
    ]);
    expect(v1.headers.get('x-feature-source')).toBe('store');

    const v2 = await test.post('/v2/models/two-inputs/infer', {
      inputs: [
        { name: 'card', datatype: 'BYTES', shape: [2, 1], data: ['two', 'one'] },
        { name: 'a', datatype: 'FP32', shape: [2, 2], data: [0, 0, 1, 1] },
      ],
    });
    expect(v2.body.outputs[0].data).toEqual([10, 20, 2, 3.5]);
    expect(v2.headers.get('x-feature-source')).toBe('store');
  });

  it('uses defaults for what the store has not, and says so', async () => {
    const send = (...cards: string[]) => test.post(PREDICT, { instances: cards.map((card) => ({ a: [0, 0], card })) });
    const half = await send('half');
    expect(sums(half)).toEqual([[5, 200]]);
    expect(half.headers.get('x-feature-source')).toBe('mixed');

    const none = await send('unknown');
    expect(sums(none)).toEqual([[100, 200]]);
    expect(none.headers.get('x-feature-source')).toBe('default');

    const rows = await send('one', 'unknown', 'one', 'text', 'string');
    expect(sums(rows)).toEqual([
      [1, 2.5],
      [100, 200],
      [1, 2.5],
      [100, 200],
      [100, 200],
    ]);
    expect(rows.headers.get('x-feature-source')).toBe('mixed');

    const metrics = await test.metrics();
    const count = (feature: string, outcome: string) =>
      seriesValue(metrics, 'model_serving_features_total', { feature, outcome });
    expect(count('b1', 'missing')).toBeGreaterThanOrEqual(3);
    expect(count('b0', 'invalid')).toBe(2);
    expect(count('b0', 'found')).toBeGreaterThanOrEqual(5);
    expect(count('b0', 'stale')).toBe(0);
    expect(seriesValue(metrics, 'model_serving_feature_store_connected')).toBe(1);
    expect(seriesValue(metrics, 'model_serving_circuit_breaker_state', { state: 'closed' })).toBe(1);
  });

  it('answers a request without rows', async () => {
    const answer = await test.post(PREDICT, { instances: [] });
    expect([answer.status, answer.text]).toEqual([200, '{"predictions":[]}']);
  });

  it('refuses what is looked up, naming it, and a request without entity', async () => {
    const sent = await test.post(PREDICT, { instances: [{ a: [0, 0], card: 'one', b: [1, 2] }] });
    expect([sent.status, sent.body.error]).toEqual([400, expect.stringContaining("'b'")]);
    const sentV2 = await test.post('/v2/models/two-inputs/infer', {
      inputs: [{ name: 'b', datatype: 'FP32', shape: [1, 2], data: [0, 0] }],
    });
    expect([sentV2.status, sentV2.body.error]).toEqual([400, expect.stringContaining("'b'")]);
    const without = await test.post(PREDICT, { instances: [{ a: [0, 0] }] });
    expect([without.status, without.body.error]).toEqual([400, expect.stringContaining("'card'")]);
    const otherRows = await test.post('/v2/models/two-inputs/infer', {
      inputs: [
        { name: 'card', datatype: 'BYTES', shape: [2, 1], data: ['two', 'one'] },
        { name: 'a', datatype: 'FP32', shape: [1, 2], data: [0, 0] },
      ],
    });
    expect(otherRows.status).toBe(400);
  });

  it('describes what clients send', async () => {
    const { body } = await test.get('/v2/models/two-inputs');
    expect(body.inputs).toEqual([
      { name: 'a', datatype: 'FP32', shape: [-1, 2] },
      { name: 'card', datatype: 'BYTES', shape: [-1, 1] },
    ]);
    expect(body.outputs).toHaveLength(2);
  });

  it('asks once for each entity of the requests that arrive together', async () => {
    const commands = async () => {
      const info = String(await redis.command('INFO', 'commandstats'));
      return Number(/cmdstat_hmget:calls=(\d+)/.exec(info)?.[1] ?? 0);
    };
    const before = await commands();
    const rows = Array.from({ length: 50 }, (_, index) => ({ a: [0, 0], card: index % 2 === 0 ? 'one' : 'two' }));
    const answer = await test.post(PREDICT, { instances: rows });
    expect(sums(answer)).toEqual(rows.map(({ card }) => (card === 'one' ? [1, 2.5] : [10, 20])));
    expect(await commands()).toBe(before + 2);
  });

  it('never mixes the rows of concurrent requests', async () => {
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => redis.command('HSET', `card:k${index}`, 'b0', `${index}`, 'b1', '0')),
    );
    await test.connect(20);
    const requests = Array.from({ length: 200 }, (_, index) => [index, (index * 7) % 200, 199 - index]);
    const answers = await Promise.all(
      requests.map((cards) =>
        test.post(PREDICT, { instances: cards.map((card) => ({ a: [1000, 0], card: `k${card}` })) }),
      ),
    );
    expect(answers.map((answer) => sums(answer).map(([sum]) => sum - 1000))).toEqual(requests);
  });

  it('reads thousands of entities in one request', async () => {
    const rows = Array.from({ length: 3000 }, (_, index) => ({ a: [0, 0], card: `k${index}` }));
    const answer = await test.post(PREDICT, { instances: rows });
    expect(sums(answer).map(([sum]) => sum)).toEqual(rows.map((_, index) => (index < 200 ? index : 100)));
    expect(answer.headers.get('x-feature-source')).toBe('mixed');
  });

  it('fails with 503 when a feature without default has no value', async () => {
    const features = [{ ...B[0], defaultValue: undefined }, B[1]];
    const strict = await startTestPredictor([twoInputs({ address: redis.address, features })]);
    const good = await strict.post(PREDICT, { instances: [{ a: [0, 0], card: 'half' }] });
    expect([good.status, good.headers.get('x-feature-source')]).toEqual([200, 'mixed']);
    const bad = await strict.post(PREDICT, {
      instances: [
        { a: [0, 0], card: 'half' },
        { a: [0, 0], card: 'secret-card' },
      ],
    });
    expect(bad.status).toBe(503);
    expect(bad.body.error).toBe(
      "The feature 'b0' has no value for 1 of 2 rows (missing in the feature store), and no default.",
    );
  });

  it('takes values that are too old as missing', async () => {
    const now = Date.now() / 1000;
    const write = (card: string, changed: string) =>
      redis.command('HSET', `card:${card}`, 'b0', '1', 'b1', '1', ...(changed === '' ? [] : ['changed', changed]));
    await write('fresh', `${now - 5}`);
    await write('old', `${Math.floor(now) - 120}`);
    await write('undated', '');
    await write('milliseconds', `${Math.floor(now * 1000)}`);
    const dated = await startTestPredictor([
      twoInputs({ address: redis.address, timestampField: 'changed', maxAgeMillis: 60_000 }),
    ]);
    const cards = ['fresh', 'old', 'undated', 'milliseconds', 'unknown'];
    const answer = await dated.post(PREDICT, { instances: cards.map((card) => ({ a: [0, 0], card })) });
    expect(sums(answer).map(([sum]) => sum)).toEqual([1, 100, 100, 100, 100]);
    const metrics = await dated.metrics();
    const count = (outcome: string) => seriesValue(metrics, 'model_serving_features_total', { feature: 'b0', outcome });
    expect([count('found'), count('stale'), count('missing')]).toEqual([1, 3, 1]);
  });

  it('looks up columns of integers exactly', async () => {
    await redis.command('HSET', 'user:7', 'x', '9007199254740993');
    const model = fixture('identity-int64.onnx', {
      features: featuresConfig({
        address: redis.address,
        entity: 'user',
        key: 'user:{entity}',
        features: [{ name: 'x', input: 'input', column: 1, defaultValue: 0 }],
      }),
    });
    const { post } = await startTestPredictor([model]);
    const answer = await post('/v1/models/identity-int64:predict', { instances: [{ input: [9], user: '7' }] });
    expect(answer.text).toBe('{"predictions":[[9,9007199254740993]]}');
  });

  it('gives the model an entity that is an input of its own, too', async () => {
    await redis.command('HSET', 'city:Graz', 'income', '52000');
    const path = '/v1/models/mixed-columns:predict';
    const plain = await startTestPredictor([fixture('mixed-columns.onnx')]);
    const expected = await plain.post(path, { instances: [{ age: 30, income: 52000, city: 'Graz' }] });
    const features = featuresConfig({
      address: redis.address,
      entity: 'city',
      key: 'city:{entity}',
      features: [{ name: 'income', input: 'income' }],
    });
    const looking = await startTestPredictor([fixture('mixed-columns.onnx', { features })]);
    const answer = await looking.post(path, { instances: [{ age: 30, city: 'Graz' }] });
    expect([answer.status, answer.text]).toEqual([200, expected.text]);
  });

  it('fills two inputs with one field', async () => {
    const features = [
      { name: 'b0', input: 'a', column: 0, defaultValue: 0 },
      { name: 'b0', input: 'b', column: 1, defaultValue: 0 },
    ];
    const twice = await startTestPredictor([twoInputs({ address: redis.address, features })]);
    const answer = await twice.post(PREDICT, { instances: [{ a: [1], b: [2], card: 'two' }] });
    expect(sums(answer)).toEqual([[12, 11]]);
    const metrics = await twice.metrics();
    expect(metrics.match(/^model_serving_features_total\{.*outcome="found".*$/gm)).toHaveLength(1);
    expect(seriesValue(metrics, 'model_serving_features_total', { outcome: 'found' })).toBe(2);
  });

  it('keeps names of keys literally', async () => {
    await redis.command('HSET', "card:$&$'%00", 'b0', '3', 'b1', '4');
    const answer = await test.post(PREDICT, { instances: [{ a: [0, 0], card: "$&$'%00" }] });
    expect(sums(answer)).toEqual([[3, 4]]);
  });

  it('warms up with a request in the form of the model', async () => {
    const warmUp = { runs: 2, request: { instances: [{ a: [1, 2], b: [3, 4] }] } };
    const model = { ...twoInputs({ address: redis.address }), warmUp };
    const { post } = await startTestPredictor([model]);
    expect((await post(PREDICT, { instances: [{ a: [0, 0], card: 'one' }] })).status).toBe(200);
  });

  it('logs in with a password of a file and a user of the access control, over TLS', async () => {
    const secured = await startRedisServer({ password: 'of-default', tls: true });
    await secured.command('ACL', 'SETUSER', 'reader', 'on', '>of-reader', '~card:*', '+hmget', '+select');
    await secured.command('SELECT', '3');
    const passwordPath = join(DIRECTORY, 'password');
    writeFileSync(passwordPath, 'of-reader\n');
    const { post, metrics } = await startTestPredictor([
      twoInputs({
        address: secured.address,
        username: 'reader',
        passwordPath,
        database: 3,
        tls: { caPath: secured.caPath },
      }),
    ]);
    const answer = await post(PREDICT, { instances: [{ a: [0, 0], card: 'one' }] });
    // The database 3 is empty: the default is the store's answer, not a failure.
    expect(sums(answer)).toEqual([[100, 200]]);
    const text = await metrics();
    expect(seriesValue(text, 'model_serving_feature_store_requests_total', { outcome: 'ok' })).toBe(1);
    expect(seriesValue(text, 'model_serving_features_total', { outcome: 'missing' })).toBe(1);
  });

  it('trusts no certificate of an unknown authority', async () => {
    const secured = await startRedisServer({ tls: true });
    const { post, metrics } = await startTestPredictor([twoInputs({ address: secured.address, tls: {} })]);
    const answer = await post(PREDICT, { instances: [{ a: [0, 0], card: 'one' }] });
    expect(answer.headers.get('x-feature-source')).toBe('default');
    expect(seriesValue(await metrics(), 'model_serving_feature_store_connected')).toBe(0);
  });

  it('serves with a wrong password, and reads the right one once it is there', async () => {
    const secured = await startRedisServer({ password: 'right' });
    await secured.command('HSET', 'card:one', 'b0', '1', 'b1', '2');
    const passwordPath = join(DIRECTORY, 'changing');
    writeFileSync(passwordPath, 'wrong');
    const { post, get } = await startTestPredictor([twoInputs({ address: secured.address, passwordPath })]);
    expect((await get('/v2/health/ready')).status).toBe(200);
    const send = () => post(PREDICT, { instances: [{ a: [0, 0], card: 'one' }] });
    expect((await send()).headers.get('x-feature-source')).toBe('default');
    writeFileSync(passwordPath, 'right');
    await eventually('features come from the store', async () => {
      const answer = await send();
      return answer.headers.get('x-feature-source') === 'store';
    });
  });
});

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../runtime/src/telemetry';
import { KAFKA, KAFKA_START_MILLIS, type Kafka, startKafka } from '../../services/kafka';
import { eventually } from '../../support/eventually';
import { describeWith } from '../../support/requires';
import { configOf, consume, createTopics, endOf, event, events, idsOf } from './consumers';

const TEST_MILLIS = 60_000;

/** Whether numbers ascend within each key: the order of events with the same key. */
function inOrder(ids: readonly number[]): boolean {
  return Array.from({ length: 10 }, (_, key) => ids.filter((id) => id % 10 === key)).every((list) =>
    list.every((id, index) => index === 0 || id > (list[index - 1] ?? 0)),
  );
}

describeWith('a consumer from Kafka to Kafka', KAFKA, () => {
  let kafka: Kafka;
  const written = (topic: string) => kafka.client.records(`${topic}-out`);
  const committed = (topic: string) => kafka.client.committed(`of-${topic}`, topic);

  beforeAll(async () => {
    kafka = await startKafka({ login: { mechanism: 'SCRAM-SHA-512', username: 'me', password: 'secret' } });
  }, KAFKA_START_MILLIS);

  it(
    'predicts each event, in the order of its key, and commits its offset',
    async () => {
      await createTopics(kafka, 'plain');
      await kafka.client.produce('plain', events(0, 1000));
      const stream = await consume(configOf(kafka, 'plain'));
      await eventually('all offsets are committed', async () => (await committed('plain')) === 1000);
      const outputs = await written('plain');
      const ids = idsOf(outputs);
      expect([...ids].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, id) => id));
      for (const partition of [0, 1, 2]) {
        expect(inOrder(idsOf(outputs.filter((each) => each.partition === partition)))).toBe(true);
      }
      const [first] = outputs;
      expect(JSON.parse(`${first?.value}`)).toEqual({ id: ids[0], output: expect.any(Array) });
      expect(first?.key).toBe(`key-${(ids[0] ?? 0) % 10}`);
      expect(first?.headers['model-serving-event-id']).toMatch(/^plain\/\d\/\d+\/[0-9a-f]{12}$/);
      expect(new Set(outputs.map(({ headers }) => headers['model-serving-event-id'])).size).toBe(1000);
      const get = (path: string) => fetch(`http://127.0.0.1:${stream.metricsPort}${path}`);
      expect((await get('/v2/health/ready')).status).toBe(200);
      expect((await get('/v2/health/live')).status).toBe(200);
      const metrics = await (await get('/metrics')).text();
      expect(metrics).toMatch(/model_serving_stream_events_total\{outcome="predicted",.*\} 1000\n/);
      expect(metrics).toMatch(/model_serving_stream_assigned_partitions\{.*\} 3\n/);
      expect(metrics).toMatch(/model_serving_stream_lag\{partition="2",.*\} 0\n/);
      await stream.drain();
    },
    TEST_MILLIS,
  );

  it(
    'goes on after a drain where it ended, and does nothing twice',
    async () => {
      await createTopics(kafka, 'drained');
      await kafka.client.produce('drained', events(0, 5000));
      const first = await consume(configOf(kafka, 'drained'));
      await eventually('some are done', () => first.done > 0);
      await first.drain();
      const done = await committed('drained');
      expect((await written('drained')).length).toBe(done);
      await consume(configOf(kafka, 'drained'));
      await eventually('all offsets are committed', async () => (await committed('drained')) === 5000);
      expect(new Set(idsOf(await written('drained'))).size).toBe(5000);
      expect((await written('drained')).length).toBe(5000);
    },
    TEST_MILLIS,
  );

  it(
    'hands partitions over to a further member without loss, and without doing anything twice',
    async () => {
      await createTopics(kafka, 'shared', 4);
      await kafka.client.produce('shared', events(0, 20_000));
      const config = configOf(kafka, 'shared', { batching: { maxRows: 50, maxBytes: 1 << 20, maxDelayMillis: 0 } });
      const first = await consume(config);
      await eventually('some are done', () => first.done > 0);
      const second = await consume(config);
      await eventually('the second one has partitions', () => second.done > 0 || first.done === 20_000);
      await second.drain();
      await eventually('all offsets are committed', async () => (await committed('shared')) === 20_000);
      const ids = idsOf(await written('shared'));
      expect(new Set(ids).size).toBe(20_000);
      expect(ids.length).toBe(20_000);
    },
    TEST_MILLIS,
  );

  it.each(['at-least-once', 'exactly-once'])(
    'makes dead letters of events that cannot be scored, and of predictions that are too large: %s',
    async (delivery) => {
      const topic = `poison-${delivery}`;
      await kafka.client.createTopic(topic);
      await kafka.client.createTopic(`${topic}-out`, 1, { 'max.message.bytes': '2000' });
      await kafka.client.createTopic(`${topic}-dead`);
      const large = { value: JSON.stringify({ id: 'l'.repeat(5000), x: [1, 2, 3, 4] }), key: 'large' };
      await kafka.client.produce(topic, [
        ...events(0, 20),
        { value: 'no json', key: 'broken', headers: { trace: 'abc' } },
        ...events(20, 30),
        { value: '{"id":1,"x":[1,2]}' },
        large,
        ...events(30, 50),
      ]);
      const stream = await consume(configOf(kafka, topic, { delivery }));
      await eventually('all are done', () => stream.done === 53);
      await stream.drain();
      expect(idsOf(await written(topic))).toEqual(Array.from({ length: 50 }, (_, id) => id));
      const letters = await kafka.client.records(`${topic}-dead`);
      expect(letters.map(({ headers }) => headers['model-serving-error-class']).sort()).toEqual([
        'decode',
        'encode',
        'mapping',
      ]);
      const broken = letters.find(({ key }) => key === 'broken');
      expect(`${broken?.value}`).toBe('no json');
      expect(broken?.headers).toMatchObject({
        trace: 'abc',
        'model-serving-source': `${topic}/0/20`,
        'model-serving-error': expect.stringMatching(/./),
        'model-serving-model-sha256': expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(`${letters.find(({ key }) => key === 'large')?.value}`).toBe(large.value);
      expect(await committed(topic)).toBe(53);
    },
    TEST_MILLIS,
  );

  it.each(['at-least-once', 'exactly-once'])(
    'tells predictions apart that differ in nothing but their headers: %s',
    async (delivery) => {
      const topic = `equal-${delivery}`;
      await kafka.client.createTopic(topic);
      await kafka.client.createTopic(`${topic}-out`, 1, { 'max.message.bytes': '2000' });
      await kafka.client.createTopic(`${topic}-dead`);
      const traces = ['first', 'second', 'l'.repeat(3000), 'last'];
      await kafka.client.produce(
        topic,
        traces.map((trace) => ({ ...event(1), headers: { trace } })),
      );
      const stream = await consume(configOf(kafka, topic, { delivery }));
      await eventually('all are done', () => stream.done === traces.length);
      await stream.drain();
      const outputs = (await written(topic)).map(
        ({ headers }) => `${headers['model-serving-event-id']?.split('/').at(-2)} ${headers.trace}`,
      );
      // A request that took some of them, and one that did not, are not told apart: at least once, they come again.
      expect(delivery === 'exactly-once' ? outputs : [...new Set(outputs)]).toEqual(['0 first', '1 second', '3 last']);
      const letters = await kafka.client.records(`${topic}-dead`);
      expect(letters.map(({ headers }) => [headers['model-serving-source'], headers.trace])).toEqual([
        [`${topic}/0/2`, traces[2]],
      ]);
    },
    TEST_MILLIS,
  );

  it(
    'ends with 42 when too many events are dead letters, and neither writes nor commits those',
    async () => {
      await createTopics(kafka, 'flood', 1);
      await kafka.client.produce('flood', events(0, 100));
      await kafka.client.produce(
        'flood',
        Array.from({ length: 200 }, () => ({ value: '{"other":"schema"}' })),
      );
      const stream = await consume(configOf(kafka, 'flood', { deadLetterWindow: 150, maxDeadLetterRatio: 0.4 }));
      const { exitCode, message } = await endOf(stream);
      expect(exitCode).toBe(42);
      expect(message).toContain('maxDeadLetterRatio');
      const letters = await kafka.client.records('flood-dead');
      expect(await committed('flood')).toBe(100 + letters.length);
      expect(letters.length).toBeLessThanOrEqual(60);
    },
    TEST_MILLIS,
  );

  it(
    'ends with 42 at the first event that cannot be scored, where there is no place for dead letters',
    async () => {
      await createTopics(kafka, 'strict', 1);
      await kafka.client.produce('strict', [...events(0, 10), { value: 'no json' }, ...events(10, 20)]);
      const config = configOf(kafka, 'strict', {
        deadLetter: undefined,
        batching: { maxRows: 5, maxBytes: 1 << 20, maxDelayMillis: 0 },
      });
      const { exitCode, message } = await endOf(await consume(config));
      expect(exitCode).toBe(42);
      expect(message).toContain('deadLetter');
      expect(idsOf(await written('strict'))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await committed('strict')).toBe(10);
    },
    TEST_MILLIS,
  );

  it(
    'ends with 43 when a topic is absent, the login is refused, or the model is another one',
    async () => {
      await createTopics(kafka, 'wrong', 1);
      const config = configOf(kafka, 'wrong');
      const absent = await endOf(await consume(configOf(kafka, 'nowhere')));
      expect(absent).toEqual({ exitCode: 43, message: expect.stringContaining("The topic 'nowhere' cannot be used") });
      const password = join(mkdtempSync(join(tmpdir(), 'model-serving-test-')), 'password');
      writeFileSync(password, 'guessed');
      const sasl = { mechanism: 'SCRAM-SHA-512', username: 'me', passwordPath: password };
      const source = { ...config.source, bootstrapServers: kafka.secured, sasl } as typeof config.source;
      const refused = await endOf(await consume({ ...config, source }));
      expect(refused).toEqual({ exitCode: 43, message: expect.stringContaining('The login cannot be used') });
      writeFileSync(password, 'secret\n');
      const welcome = await consume({ ...config, source });
      await welcome.started;
      await welcome.drain();
      const [model] = config.models;
      const other = await endOf(await consume({ ...config, models: [{ ...model, sha256: 'a'.repeat(64) } as never] }));
      expect(other.exitCode).toBe(43);
    },
    TEST_MILLIS,
  );

  it(
    'writes each prediction once by transactions, whatever aborted ones have left behind',
    async () => {
      await createTopics(kafka, 'once');
      await kafka.client.produce('once', events(0, 2000));
      let failures = 2;
      const config = configOf(kafka, 'once', { delivery: 'exactly-once' });
      const stream = await consume(config, {
        logger: createLogger({ level: 'silent' }),
        watchTransactions: (point) => {
          if (point === 'offsets' && failures > 0) {
            failures -= 1;
            throw new Error('a fault in the middle of a transaction');
          }
        },
      });
      await eventually('all are done', () => stream.done === 2000);
      await stream.drain();
      expect(failures).toBe(0);
      const ids = idsOf(await written('once'));
      expect(ids.length).toBe(2000);
      expect(new Set(ids).size).toBe(2000);
      const all = await kafka.client.records('once-out', { isolation: 'read_uncommitted' });
      expect(all.length).toBeGreaterThan(2000);
      expect(await committed('once')).toBe(2000);
    },
    TEST_MILLIS,
  );

  it(
    'loses nothing when the broker ends and comes back',
    async () => {
      await createTopics(kafka, 'restarted');
      await kafka.client.produce('restarted', events(0, 3000));
      const config = configOf(kafka, 'restarted', { batching: { maxRows: 20, maxBytes: 1 << 20, maxDelayMillis: 0 } });
      const stream = await consume(config);
      await eventually('some are done', () => stream.done > 100);
      await kafka.kill();
      await kafka.restart();
      await kafka.client.produce('restarted', events(3000, 4000));
      // Its session is over by now: it joins the group again.
      await eventually('it goes on', () => stream.done > 2000);
      await eventually('all offsets are committed', async () => (await committed('restarted')) === 4000);
      expect(new Set(idsOf(await written('restarted'))).size).toBe(4000);
    },
    TEST_MILLIS,
  );
});

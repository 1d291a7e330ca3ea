import { describeWith } from '../support/requires';
import { KAFKA, KAFKA_START_MILLIS, type Kafka, startKafka } from './kafka';

describeWith('a Kafka broker of tests', KAFKA, () => {
  let kafka: Kafka;

  beforeAll(async () => {
    kafka = await startKafka({ login: { mechanism: 'SCRAM-SHA-512', username: 'me', password: 'secret' } });
  }, KAFKA_START_MILLIS);

  it('keeps records, with keys, headers and times, over its own death', async () => {
    await kafka.client.createTopic('kept', 3);
    const records = Array.from({ length: 1000 }, (_, index) => ({
      value: `value ${index}`,
      key: `key ${index % 7}`,
      headers: { number: `${index}` },
      timestampMillis: 1_700_000_000_000 + index,
    }));
    await kafka.client.produce('kept', records);
    await kafka.kill();
    await kafka.restart();
    const kept = await kafka.client.records('kept');
    expect(new Set(kept.map(({ partition }) => partition)).size).toBeGreaterThan(1);
    expect(
      kept
        .map(({ value, key, headers, timestampMillis }) => ({ value: `${value}`, key, headers, timestampMillis }))
        .sort((one, other) => one.timestampMillis - other.timestampMillis),
    ).toEqual(records);
  });

  it('refuses a wrong password', async () => {
    const { RdKafka } = require('@confluentinc/kafka-javascript') as typeof import('@confluentinc/kafka-javascript');
    const login = (password: string) =>
      new Promise((resolve) => {
        const client = new RdKafka.Producer({
          'bootstrap.servers': kafka.secured,
          'security.protocol': 'sasl_plaintext',
          'sasl.mechanisms': 'SCRAM-SHA-512',
          'sasl.username': 'me',
          'sasl.password': password,
          log_level: 0,
        });
        client.connect({ timeout: 3000 }, (error) =>
          error ? resolve('refused') : client.disconnect(() => resolve('accepted')),
        );
      });
    expect(await login('secret')).toBe('accepted');
    expect(await login('wrong')).toBe('refused');
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientTlsConfig, StreamConfig } from '../../../lib/contract';
import { KAFKA, KAFKA_START_MILLIS, type Kafka, startKafka } from '../../services/kafka';
import { makeAuthority, OPENSSL } from '../../support/certificates';
import { eventually } from '../../support/eventually';
import { describeWith } from '../../support/requires';
import { configOf, consume, createTopics, endOf, events, idsOf } from '../run/consumers';

const NEEDS = { what: `${KAFKA.what}, and ${OPENSSL.what}`, present: KAFKA.present && OPENSSL.present };
const TEST_MILLIS = 60_000;

describeWith('a consumer of a broker that wants TLS and certificates of its clients', NEEDS, () => {
  const directory = mkdtempSync(join(tmpdir(), 'model-serving-test-'));
  let kafka: Kafka;
  let tls: Required<ClientTlsConfig>;

  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };

  /** A consumer whose connections are all made with a certificate. */
  const secured = (topic: string, by: ClientTlsConfig, overrides: Partial<StreamConfig> = {}): StreamConfig => {
    const config = configOf({ bootstrapServers: kafka.secured }, topic, overrides);
    const { source, sink, deadLetter } = config;
    return {
      ...config,
      source: { ...source, tls: by },
      sink: { ...sink, tls: by },
      deadLetter: { ...deadLetter, tls: by },
    } as StreamConfig;
  };

  beforeAll(async () => {
    const authority = makeAuthority(directory, 'authority');
    const clients = makeAuthority(directory, 'clients');
    const client = clients.issue('client');
    const server = authority.issue('server');
    tls = {
      caPath: file('ca.pem', authority.certificate),
      certificatePath: file('client.pem', client.certificate),
      keyPath: file('client-key.pem', client.key),
    };
    kafka = await startKafka({ tls: { ...server, clientAuthority: clients.certificate } });
  }, KAFKA_START_MILLIS);

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each(['at-least-once', 'exactly-once'])(
    'predicts each event, %s',
    async (delivery) => {
      const topic = `secured-${delivery}`;
      await createTopics(kafka, topic);
      await kafka.client.produce(topic, events(0, 500));
      const stream = await consume(secured(topic, tls, { delivery }));
      await eventually('all are done', () => stream.done === 500);
      await stream.drain();
      const ids = idsOf(await kafka.client.records(`${topic}-out`));
      expect(ids.sort((one, other) => one - other)).toEqual(Array.from({ length: 500 }, (_, id) => id));
    },
    TEST_MILLIS,
  );

  it(
    'ends with 43 when a file of the client is not there',
    async () => {
      await createTopics(kafka, 'unread', 1);
      const absent = join(directory, 'absent.pem');
      const end = await endOf(await consume(secured('unread', { ...tls, caPath: absent })));
      expect(end).toEqual({ exitCode: 43, message: expect.stringContaining(absent) });
    },
    TEST_MILLIS,
  );
});

describeWith('a consumer that is a static member of its group', KAFKA, () => {
  let kafka: Kafka;

  beforeAll(async () => {
    kafka = await startKafka();
  }, KAFKA_START_MILLIS);

  it(
    'comes back under its name and goes on where it was',
    async () => {
      await createTopics(kafka, 'static');
      await kafka.client.produce('static', events(0, 300));
      const config = configOf(kafka, 'static');
      const source = { ...config.source, staticMembership: true } as StreamConfig['source'];
      const first = await consume({ ...config, source });
      await eventually('all are done', () => first.done === 300);
      await first.drain();
      await kafka.client.produce('static', events(300, 600));
      const second = await consume({ ...config, source });
      await eventually('the rest is done', () => second.done === 300);
      await second.drain();
      const ids = idsOf(await kafka.client.records('static-out'));
      expect(ids.sort((one, other) => one - other)).toEqual(Array.from({ length: 600 }, (_, id) => id));
    },
    TEST_MILLIS,
  );
});

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KAFKA_IS_HERE, KafkaBroker } from './kafka/broker';
import type { KafkaClient } from './kafka/client';
import type { KafkaOptions } from './kafka/properties';

export type { KafkaClient, StoredRecord, TestRecord } from './kafka/client';
export type { KafkaLogin, KafkaOptions, KafkaTls } from './kafka/properties';

const NATIVE = 'build/Release/confluent-kafka-javascript.node';

/** Kafka's native client, as a need of `describeWith`. */
const KAFKA_CLIENT = {
  what: `Kafka's native client (npm run native:kafka)`,
  present: existsSync(join(dirname(require.resolve('@confluentinc/kafka-javascript/package.json')), NATIVE)),
};

/** A Kafka broker and its client, as a need of `describeWith`. */
export const KAFKA = {
  what: `Apache Kafka (java, and mvn -f test/services/kafka/pom.xml generate-resources) and ${KAFKA_CLIENT.what}`,
  present: KAFKA_IS_HERE && KAFKA_CLIENT.present,
};

/** A Kafka cluster of one broker, on free ports of this machine. */
export interface Kafka {
  /** Address for clients without login and TLS. */
  readonly bootstrapServers: string;

  /** Address of the listener for `login` and `tls`. */
  readonly secured: string;

  /** Topics, records and groups. */
  readonly client: KafkaClient;

  /** Process of the broker. */
  readonly pid: number;

  /** Ends the broker, by default as if the machine had failed. */
  kill(signal?: NodeJS.Signals): Promise<void>;

  /** Starts it again on the same ports, with all that it had written. */
  restart(): Promise<void>;

  /** Stops the broker from running without closing its connections, or lets it run again. */
  freeze(frozen: boolean): void;

  /** What the broker has logged: warnings and errors. */
  log(): string;

  /** Ends it for good. */
  stop(): Promise<void>;
}

/** Longest time of a start on a busy machine, for `beforeAll`. */
export const KAFKA_START_MILLIS = 90_000;

/**
 * Starts a broker: two to three seconds of a processor. In a test file it is stopped when its tests have run; share it within the
 * file.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  // Loaded here: it is native code, which is absent where tests are skipped.
  const { KafkaClient: Client } = require('./kafka/client') as typeof import('./kafka/client');
  const broker = await KafkaBroker.start(options);
  const client = new Client(broker.bootstrapServers);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= client.close().then(() => broker.stop());
    return stopped;
  };
  if (typeof afterAll === 'function') {
    stops.push(stop);
  }
  return {
    bootstrapServers: broker.bootstrapServers,
    secured: broker.secured,
    client,
    get pid() {
      return broker.pid;
    },
    kill: (signal) => broker.kill(signal),
    restart: () => broker.restart(),
    freeze: (frozen) => broker.freeze(frozen),
    log: () => broker.log(),
    stop,
  };
}

const stops: (() => Promise<void>)[] = [];

// Measurements start brokers too, without a test runner.
if (typeof afterAll === 'function') {
  afterAll(async () => {
    await Promise.all(stops.map((stop) => stop()));
  });
}

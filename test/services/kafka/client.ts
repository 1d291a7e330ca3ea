import { setTimeout as wait } from 'node:timers/promises';
import { RdKafka } from '@confluentinc/kafka-javascript';

/** A record that a test writes. */
export interface TestRecord {
  readonly value: string | Buffer | null;
  readonly key?: string | Buffer;
  readonly headers?: Readonly<Record<string, string | Buffer>>;

  /** @default - by the key, or any */
  readonly partition?: number;

  /** Milliseconds since 1970. @default - now */
  readonly timestampMillis?: number;
}

/** A record as it lies in a topic. */
export interface StoredRecord {
  readonly value: Buffer | null;
  readonly key: string | undefined;
  /** Values of headers as texts; the last one of a name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMillis: number;
}

/** What is read of a topic. */
export interface ReadOptions {
  /** `read_committed`, or `read_uncommitted` to see records of open and aborted transactions too. */
  readonly isolation?: 'read_committed' | 'read_uncommitted';
}

const TIMEOUT_MILLIS = 20_000;
const READ_AT_ONCE = 10_000;

type Callback<T> = (error: RdKafka.LibrdKafkaError | null | undefined, answer?: T) => void;

/** Topics, records and groups of a cluster, from outside: what a test prepares and looks at. */
export class KafkaClient {
  private readonly config: RdKafka.ConsumerGlobalConfig;
  private admin: RdKafka.IAdminClient | undefined;
  private producer: Promise<RdKafka.HighLevelProducer> | undefined;
  private readonly lookersOn = new Map<string, Promise<RdKafka.KafkaConsumer>>();

  constructor(bootstrapServers: string) {
    // Errors of connections are expected of brokers that are killed, and are not written to the terminal.
    this.config = { 'bootstrap.servers': bootstrapServers, log_level: 0, 'reconnect.backoff.max.ms': 500 };
  }

  /** Makes a topic, and waits until it can be written to. */
  async createTopic(name: string, partitions = 1, config: Readonly<Record<string, string>> = {}): Promise<void> {
    const topic = { topic: name, num_partitions: partitions, replication_factor: 1, config };
    const admin = this.administration();
    await called<void>((done) => admin.createTopic(topic, TIMEOUT_MILLIS, done));
    const producer = await this.writer();
    for (;;) {
      const known = await called<RdKafka.Metadata>((done) =>
        producer.getMetadata({ topic: name, timeout: TIMEOUT_MILLIS }, done),
      );
      const led = known.topics.find((each) => each.name === name)?.partitions.filter(({ leader }) => leader >= 0);
      if (led?.length === partitions) {
        return;
      }
    }
  }

  async deleteTopic(name: string): Promise<void> {
    const admin = this.administration();
    await called<void>((done) => admin.deleteTopic(name, TIMEOUT_MILLIS, done));
  }

  async addPartitions(name: string, total: number): Promise<void> {
    const admin = this.administration();
    await called<void>((done) => admin.createPartitions(name, total, TIMEOUT_MILLIS, done));
  }

  /** Writes records in order, and waits until the broker has them all. */
  async produce(topic: string, records: Iterable<TestRecord>): Promise<void> {
    const producer = await this.writer();
    let [open, failed] = [0, undefined as unknown];
    let written: () => void = () => undefined;
    const delivered = (error: unknown) => {
      failed ??= error ?? undefined;
      open--;
      written();
    };
    for (const { value, key, headers, partition, timestampMillis } of records) {
      if (open >= READ_AT_ONCE) {
        await awake(
          new Promise<void>((done) => {
            written = done;
          }),
        );
      }
      open++;
      const list = Object.entries(headers ?? {}).map(([name, each]) => ({ [name]: each }));
      const content = value === null ? null : Buffer.from(value);
      producer.produce(topic, partition ?? null, content, key ?? null, timestampMillis ?? null, list, delivered);
    }
    while (open > 0) {
      await awake(
        new Promise<void>((done) => {
          written = done;
        }),
      );
    }
    if (failed !== undefined) {
      throw failed;
    }
  }

  /** All records that a topic has at this moment, by partition and offset. */
  async records(topic: string, { isolation = 'read_committed' }: ReadOptions = {}): Promise<StoredRecord[]> {
    const all: StoredRecord[] = [];
    await this.forEachRecord(topic, (record) => all.push(record), { isolation });
    return all.sort((one, other) => one.partition - other.partition || one.offset - other.offset);
  }

  /** Looks at all records that a topic has at this moment, without holding them: those of one partition come in order. */
  async forEachRecord(topic: string, look: (record: StoredRecord) => void, options: ReadOptions = {}): Promise<void> {
    const consumer = new RdKafka.KafkaConsumer({
      ...this.config,
      'group.id': 'test-reader',
      'enable.auto.commit': false,
      'enable.partition.eof': true,
      'isolation.level': options.isolation ?? 'read_committed',
    });
    await connected(consumer);
    try {
      const known = await called<RdKafka.Metadata>((done) =>
        consumer.getMetadata({ topic, timeout: TIMEOUT_MILLIS }, done),
      );
      const partitions = known.topics.find(({ name }) => name === topic)?.partitions ?? [];
      const open = new Set(partitions.map(({ id }) => id));
      consumer.on('partition.eof', ({ partition }) => open.delete(partition));
      consumer.assign(partitions.map(({ id }) => ({ topic, partition: id, offset: 0 })));
      consumer.setDefaultConsumeTimeout(50);
      while (open.size > 0) {
        for (const message of await called<RdKafka.Message[]>((done) => consumer.consume(READ_AT_ONCE, done))) {
          look(stored(message));
        }
      }
    } finally {
      await disconnected(consumer);
    }
  }

  /** Sum over partitions of what was ever written, marks of transactions included. */
  async size(topic: string): Promise<number> {
    const producer = await this.writer();
    const known = await called<RdKafka.Metadata>((done) =>
      producer.getMetadata({ topic, timeout: TIMEOUT_MILLIS }, done),
    );
    const partitions = known.topics.find(({ name }) => name === topic)?.partitions ?? [];
    const ends = await Promise.all(
      partitions.map(({ id }) =>
        called<RdKafka.WatermarkOffsets>((done) => producer.queryWatermarkOffsets(topic, id, TIMEOUT_MILLIS, done)),
      ),
    );
    return ends.reduce((sum, { highOffset }) => sum + highOffset, 0);
  }

  /** Sum over partitions of the offsets that a group has committed; 0 for none. */
  async committed(group: string, topic: string): Promise<number> {
    const consumer = await this.lookerOn(group);
    const known = await called<RdKafka.Metadata>((done) =>
      consumer.getMetadata({ topic, timeout: TIMEOUT_MILLIS }, done),
    );
    const partitions = known.topics.find(({ name }) => name === topic)?.partitions ?? [];
    const offsets = await coordinated<RdKafka.TopicPartitionOffsetAndMetadata[]>((done) =>
      consumer.committed(
        partitions.map(({ id }) => ({ topic, partition: id })),
        TIMEOUT_MILLIS,
        done,
      ),
    );
    return offsets.reduce((sum, { offset }) => sum + (offset > 0 ? offset : 0), 0);
  }

  /** Members of a group, with the numbers of their partitions of a topic. */
  async members(group: string): Promise<{ clientId: string; partitions: number[] }[]> {
    const admin = this.administration();
    const { groups } = await coordinated<RdKafka.GroupDescriptions>((done) =>
      admin.describeGroups([group], { timeout: TIMEOUT_MILLIS }, done),
    );
    return groups.flatMap(({ members }) =>
      members.map(({ clientId, assignment }) => ({
        clientId,
        partitions: assignment.topicPartitions.map(({ partition }) => partition).sort((one, other) => one - other),
      })),
    );
  }

  async close(): Promise<void> {
    this.admin?.disconnect();
    this.admin = undefined;
    const producer = await this.producer;
    this.producer = undefined;
    if (producer !== undefined) {
      await disconnected(producer);
    }
    const lookersOn = await Promise.all(this.lookersOn.values());
    this.lookersOn.clear();
    await Promise.all(lookersOn.map(disconnected));
  }

  /** A consumer that never joins the group that it names. The library's other way, its administration, may crash the process. */
  private lookerOn(group: string): Promise<RdKafka.KafkaConsumer> {
    const known = this.lookersOn.get(group);
    if (known !== undefined) {
      return known;
    }
    const made = (async () => {
      const consumer = new RdKafka.KafkaConsumer({ ...this.config, 'group.id': group, 'enable.auto.commit': false });
      await connected(consumer);
      return consumer;
    })();
    this.lookersOn.set(group, made);
    return made;
  }

  private administration(): RdKafka.IAdminClient {
    this.admin ??= RdKafka.AdminClient.create(this.config);
    return this.admin;
  }

  private writer(): Promise<RdKafka.HighLevelProducer> {
    this.producer ??= (async () => {
      const producer = new RdKafka.HighLevelProducer({
        ...this.config,
        'enable.idempotence': true,
        'linger.ms': 2,
        'queue.buffering.max.messages': 2 * READ_AT_ONCE,
      });
      await connected(producer);
      producer.setPollInterval(5);
      return producer;
    })();
    return this.producer;
  }
}

function stored({ value, key, headers = [], partition, offset, timestamp = 0 }: RdKafka.Message): StoredRecord {
  const pairs = headers.flatMap((each) => Object.entries(each)).map(([name, each]) => [name, String(each)]);
  return {
    value,
    key: key === null || key === undefined ? undefined : String(key),
    headers: Object.fromEntries(pairs),
    partition,
    offset,
    timestampMillis: timestamp,
  };
}

function connected(client: RdKafka.KafkaConsumer | RdKafka.HighLevelProducer): Promise<unknown> {
  (client as RdKafka.HighLevelProducer).on('event.error', () => undefined);
  return called<RdKafka.Metadata>((done) => client.connect({ timeout: TIMEOUT_MILLIS }, done));
}

function disconnected(client: RdKafka.KafkaConsumer | RdKafka.HighLevelProducer): Promise<void> {
  return awake(
    new Promise((done) => {
      client.disconnect(() => done());
    }),
  );
}

function called<T>(call: (done: Callback<T>) => unknown): Promise<T> {
  return awake(
    new Promise((resolve, reject) => {
      call((error, answer) => (error ? reject(error) : resolve(answer as T)));
    }),
  );
}

/** The library alone does not keep a process alive that waits for an answer. */
function awake<T>(answer: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, TIMEOUT_MILLIS);
  return answer.finally(() => clearInterval(timer));
}

/** Asks a coordinator of groups, which a broker that has just started does not have yet. */
async function coordinated<T>(call: (done: Callback<T>) => unknown): Promise<T> {
  const { ERR_COORDINATOR_LOAD_IN_PROGRESS, ERR_COORDINATOR_NOT_AVAILABLE, ERR_NOT_COORDINATOR } = RdKafka.CODES.ERRORS;
  const passing = [ERR_COORDINATOR_LOAD_IN_PROGRESS, ERR_COORDINATOR_NOT_AVAILABLE, ERR_NOT_COORDINATOR];
  const end = performance.now() + TIMEOUT_MILLIS;
  for (;;) {
    try {
      return await called(call);
    } catch (error) {
      if (!passing.includes((error as RdKafka.LibrdKafkaError).code) || performance.now() > end) {
        throw error;
      }
      await wait(50);
    }
  }
}

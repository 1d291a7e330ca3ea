import type { PredictionColumnConfig } from './batch-config';
import type { ModelConfig } from './config';
import type { FeatureStoreTlsConfig } from './features-config';

/** Schema name of the configuration of a streaming consumer. */
export const STREAM_SCHEMA = 'model-serving-stream/v1';

/** What the roles `stream` and `fetch` read: one model over one stream of events. Durations are whole milliseconds, sizes bytes. */
export interface StreamConfig {
  /** Schema of this file; always {@link STREAM_SCHEMA}. */
  readonly schema: string;

  /** Name of the consumer, in logs, metrics, client ids and transactional ids. */
  readonly name: string;

  /** The model, with its features and fallback; after it the model of the fallback, where that is one. */
  readonly models: ModelConfig[];

  /** Where events come from. */
  readonly source: EventSourceConfig;

  /** Where predictions go. Absent = nowhere: the prediction log alone sees them. */
  readonly sink?: EventSinkConfig;

  /** Where events go that cannot be scored, however often they are tried. Absent = the first one ends the process (exit code 42). */
  readonly deadLetter?: EventSinkConfig;

  /** `at-least-once`, or `exactly-once` (source, sink and dead letters on the same Kafka cluster). */
  readonly delivery: string;

  /** How values of events become inputs of the model. */
  readonly input: EventInputConfig;

  /** How predictions become values of events. */
  readonly output: EventOutputConfig;

  /** How events share runs of the model. */
  readonly batching: MicroBatchingConfig;

  /** Most micro-batches between their fetch and their acknowledgement. */
  readonly maxInFlight: number;

  /**
   * Largest share of dead letters among the last events, from 0 to 1; beyond it nothing more is written or acknowledged, and the
   * process ends (exit code 42).
   */
  readonly maxDeadLetterRatio: number;

  /** How many events that are. More dead letters than their share end the process at once, however few events it has seen. */
  readonly deadLetterWindow: number;

  /** Larger values are dead letters. */
  readonly maxEventBytes: number;

  /** Without one look at the source for so long, the process is stuck: its liveness probe fails. */
  readonly stuckAfterMillis: number;

  /** Port of probes and Prometheus metrics. */
  readonly metricsPort: number;

  /** Longest time that micro-batches get after SIGTERM; then the process exits with 1, and they are redelivered. */
  readonly drainTimeoutMillis: number;
}

/** How events share runs of the model: a run starts when one limit is met. */
export interface MicroBatchingConfig {
  /** Most events. */
  readonly maxRows: number;

  /** Most bytes of their values. */
  readonly maxBytes: number;

  /** Longest time that the first event waits for others; 0 = what is there is taken at once. */
  readonly maxDelayMillis: number;
}

/** Where events come from. */
export type EventSourceConfig = KafkaSourceConfig | RedisStreamSourceConfig | NatsSourceConfig;

/** Where events go. */
export type EventSinkConfig = KafkaSinkConfig | RedisStreamSinkConfig | NatsSinkConfig | HttpSinkConfig;

/** How a Kafka cluster is reached. */
export interface KafkaClusterConfig {
  /** `host:port`, several separated by commas. */
  readonly bootstrapServers: string;

  /** TLS. Absent = plain TCP. */
  readonly tls?: ClientTlsConfig;

  /** Login. Absent = none, or the certificate of `tls`. */
  readonly sasl?: KafkaSaslConfig;
}

/** TLS to a server, with a certificate of the client where it wants one. */
export interface ClientTlsConfig {
  /** File with the certificates of the authorities to trust, in PEM. Absent = those of the image. */
  readonly caPath?: string;

  /** File with the client's certificate, in PEM. */
  readonly certificatePath?: string;

  /** File with the client's key, in PEM. */
  readonly keyPath?: string;
}

/** Login to a Kafka cluster. */
export interface KafkaSaslConfig {
  /** `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`. */
  readonly mechanism: string;

  readonly username: string;

  /** File with the password, read at the start. */
  readonly passwordPath: string;
}

/** A topic that is read as a member of a consumer group. */
export interface KafkaSourceConfig extends KafkaClusterConfig {
  readonly type: 'kafka';

  readonly topic: string;

  /** Name of the consumer group. */
  readonly group: string;

  /** Where a group without committed offsets begins: `earliest` or `latest`. */
  readonly startAt: string;

  /**
   * Whether the member is static (KIP-345): it is named as the pod, and a restart within the session keeps its partitions.
   */
  readonly staticMembership: boolean;

  /** A member that is silent for so long loses its partitions. */
  readonly sessionTimeoutMillis: number;

  /** A member that does not ask for events for so long loses its partitions. */
  readonly maxPollIntervalMillis: number;
}

/** A topic that is written to. */
export interface KafkaSinkConfig extends KafkaClusterConfig {
  readonly type: 'kafka';

  readonly topic: string;

  /** How long the producer waits for more records of a request to the broker. */
  readonly lingerMillis: number;

  /** `none`, `gzip`, `snappy`, `lz4` or `zstd`. */
  readonly compression: string;
}

/** How a Redis server is reached. */
export interface RedisServerAddressConfig {
  /** `host:port`. */
  readonly address: string;

  /** Number of the database. Absent = 0. */
  readonly database?: number;

  /** User of the server's access control. Absent = its default user. */
  readonly username?: string;

  /** File with the password, read again when a connection is made. Absent = none. */
  readonly passwordPath?: string;

  /** TLS to the server. Absent = plain TCP. */
  readonly tls?: FeatureStoreTlsConfig;
}

/** A Redis stream that is read as a consumer of a group. An entry's value, key and headers are fields of it. */
export interface RedisStreamSourceConfig extends RedisServerAddressConfig {
  readonly type: 'redis-stream';

  /** Key of the stream. */
  readonly stream: string;

  /** Name of the consumer group; it is made when it is absent. */
  readonly group: string;

  /** Where a new group begins: `earliest` or `latest`. */
  readonly startAt: string;

  /** Field with the value of the event. */
  readonly valueField: string;

  /** Field with the key of the event. Absent = events have none. */
  readonly keyField?: string;

  /** Entries that a consumer has held for so long are taken over. */
  readonly claimIdleMillis: number;

  /** An entry that was delivered more often is a dead letter: those who tried it died. */
  readonly maxDeliveries: number;
}

/** A Redis stream that is written to. */
export interface RedisStreamSinkConfig extends RedisServerAddressConfig {
  readonly type: 'redis-stream';

  /** Key of the stream. */
  readonly stream: string;

  /** Field for the value of the event. */
  readonly valueField: string;

  /** Field for the key of the event. Absent = it is left out. */
  readonly keyField?: string;

  /** About the most entries that are kept (MAXLEN ~). Absent = all. */
  readonly maxLength?: number;
}

/** How a NATS server is reached. */
export interface NatsServerConfig {
  /** `nats://host:port` or `tls://host:port`, several separated by commas. */
  readonly servers: string;

  /** File with credentials (JWT and seed). */
  readonly credentialsPath?: string;

  /** Directory with the files `username` and `password`, or `token`. */
  readonly loginPath?: string;

  /** TLS beyond what the server asks for. */
  readonly tls?: ClientTlsConfig;
}

/** A JetStream stream that is read by a durable pull consumer, made when it is absent. */
export interface NatsSourceConfig extends NatsServerConfig {
  readonly type: 'nats';

  /** Name of the stream. */
  readonly stream: string;

  /** Subject that is taken of it. Absent = all. */
  readonly subject?: string;

  /** Name of the durable consumer, which several replicas share. */
  readonly consumer: string;

  /** Where a new consumer begins: `earliest` or `latest`. */
  readonly startAt: string;

  /** A message that is not acknowledged for so long is delivered again. */
  readonly ackWaitMillis: number;

  /** A message that was delivered more often is a dead letter. */
  readonly maxDeliveries: number;

  /** Most messages without an acknowledgement, of all replicas together. */
  readonly maxAckPending: number;
}

/** A subject that is published to; a stream must hold it. */
export interface NatsSinkConfig extends NatsServerConfig {
  readonly type: 'nats';

  readonly subject: string;
}

/** CloudEvents over HTTP: one request an event, which a status of 2xx acknowledges. */
export interface HttpSinkConfig {
  readonly type: 'http';

  readonly url: string;

  /** File with the value of the header `authorization`. Absent = none is sent. */
  readonly authorizationPath?: string;

  /** File with the certificates of the authorities to trust, in PEM. Absent = those of the image. */
  readonly caPath?: string;

  /** Longest time of one attempt. */
  readonly timeoutMillis: number;

  /** Most requests at a time. */
  readonly maxConcurrency: number;
}

/** How values of events become inputs of the model. */
export interface EventInputConfig {
  /**
   * `json`, `cloudevents` (structured or binary, of JSON data), `avro`, `protobuf`, or `tensor`: rows of the model's inputs one
   * after the other, little-endian, as in binary tensors of protocol V2.
   */
  readonly format: string;

  /** Registry of the schemas (`avro` and `protobuf` alone). */
  readonly schemaRegistry?: SchemaRegistryConfig;

  /** Inputs of the model (all formats but `tensor`). */
  readonly inputs?: EventFieldsConfig[];
}

/** Where one input of the model is in the value of an event. */
export interface EventFieldsConfig {
  /** Name of the model's input. */
  readonly input: string;

  /**
   * JSON pointers (RFC 6901): one to an array of all elements of a row, or one for each element, in order.
   */
  readonly pointers: string[];

  /** Value for an element that is absent or null. Absent = such an event is a dead letter. */
  readonly missing?: number | string | boolean;
}

/** A schema registry with the REST interface of Confluent's. */
export interface SchemaRegistryConfig {
  readonly url: string;

  /** Directory with the files `username` and `password`. Absent = no login. */
  readonly credentialsPath?: string;

  /** File with the certificates of the authorities to trust, in PEM. Absent = those of the image. */
  readonly caPath?: string;
}

/** How predictions become values of events. */
export interface EventOutputConfig {
  /** `json`, `cloudevents` (see `mode`), `avro`, `protobuf` (by the newest schema of the subject) or `tensor`: rows of the model's outputs. */
  readonly format: string;

  /** `structured` (default) or `binary` (`cloudevents` alone). */
  readonly mode?: string;

  /** Attribute `type` of events (`cloudevents` alone). */
  readonly eventType?: string;

  /** Registry of the schemas (`avro` and `protobuf` alone). */
  readonly schemaRegistry?: SchemaRegistryConfig;

  /** Subject of the schema. Absent = `<topic>-value`. */
  readonly subject?: string;

  /** Fields of predictions. Absent = a field for each output, under its name. */
  readonly predictions?: PredictionColumnConfig[];

  /** Fields that are copied from the event. */
  readonly passThrough: PassThroughFieldConfig[];

  /** JSON pointer to the key of the produced event. Absent = the key of the consumed one. */
  readonly keyPointer?: string;

  /** Headers that are copied. Absent = all but those of CloudEvents and of the format. */
  readonly headers?: string[];
}

/** A field that is copied from the event. */
export interface PassThroughFieldConfig {
  /** Name of the field. */
  readonly name: string;

  /** JSON pointer to its value. */
  readonly pointer: string;
}

/** Constant load on one address. */
export interface LoadCommand {
  readonly url: string;
  readonly body: string;
  /** Connections that are kept. */
  readonly connections: number;
  /** Senders that open a connection for each request. */
  readonly newConnections: number;
  /** Pause of each sender between two requests, in milliseconds. */
  readonly pauseMillis: number;
}

/** Records for a topic of Kafka. */
export interface KafkaWriteCommand {
  readonly servers: string;
  readonly topic: string;
  /** Keys and values. */
  readonly records: readonly (readonly [key: string, value: string])[];
  readonly perSecond: number;
}

/** A topic of Kafka. */
export interface KafkaRecordsCommand {
  readonly servers: string;
  readonly topic: string;
}

/** A record of a topic. */
export interface ReadRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the client pod is asked to do. */
export type Command =
  | { readonly kind: 'http'; readonly url: string; readonly body?: string; readonly headers?: Record<string, string> }
  | {
      readonly kind: 'grpc';
      readonly address: string;
      readonly method: string;
      readonly request: object;
      readonly metadata?: Record<string, string>;
    }
  | (LoadCommand & { readonly kind: 'load' })
  | (Omit<KafkaWriteCommand, 'records'> & { readonly kind: 'kafka-write' })
  | (KafkaRecordsCommand & { readonly kind: 'kafka-read' });

/** An answer over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What came of a load. Nothing is tried again: what fails once has failed. */
export interface LoadResult {
  /** Requests with the status 200. */
  readonly answered: number;
  /** How many of them over connections that were kept. */
  readonly answeredOnKept: number;
  /** Requests without one, by what was wrong. */
  readonly failures: Record<string, number>;
  /** When requests failed, in milliseconds since the start, first and last. */
  readonly failedAt: readonly number[];
  readonly longestMillis: number;
}

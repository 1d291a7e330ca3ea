import type { Duration } from 'cdk8s';
import type { StartPosition } from '../start-position';
import type { KafkaClusterOptions } from './kafka-cluster';

/** Options of {@link EventSource.kafka}. */
export interface KafkaSourceOptions extends KafkaClusterOptions {
  /** Topic that is read. It must be there: it is not made. */
  readonly topic: string;

  /**
   * Name of the consumer group: who remembers how far events are done. Two consumers with the same group share the events; with
   * different ones each gets all of them.
   */
  readonly group: string;

  /**
   * Where a group begins that has no position yet.
   *
   * @default StartPosition.EARLIEST
   */
  readonly startAt?: StartPosition;

  /**
   * Number of partitions of the topic. More replicas than partitions are then found at synth.
   *
   * @default - not known
   */
  readonly partitions?: number;

  /**
   * Whether a pod that is started again within the session timeout keeps its partitions (KIP-345), so that a restart moves none.
   * The pods are then those of a StatefulSet.
   *
   * @default false
   */
  readonly staticMembership?: boolean;

  /**
   * A pod that is silent for so long loses its partitions to others.
   *
   * @default Duration.seconds(45)
   */
  readonly sessionTimeout?: Duration;

  /**
   * A pod that does not ask for events for so long loses its partitions to others. At least twice the drain time.
   *
   * @default Duration.minutes(5)
   */
  readonly maxPollInterval?: Duration;
}

/** How a producer compresses records. */
export enum KafkaCompression {
  /** Not at all. */
  NONE = 'none',
  /** Gzip. */
  GZIP = 'gzip',
  /** Snappy. */
  SNAPPY = 'snappy',
  /** LZ4. */
  LZ4 = 'lz4',
  /** Zstandard. */
  ZSTD = 'zstd',
}

/** Options of {@link EventSink.kafka}. */
export interface KafkaSinkOptions extends KafkaClusterOptions {
  /** Topic that is written to. It must be there: it is not made. */
  readonly topic: string;

  /**
   * How long records wait for others that go to the broker together.
   *
   * @default Duration.millis(5)
   */
  readonly linger?: Duration;

  /**
   * How records are compressed.
   *
   * @default KafkaCompression.LZ4
   */
  readonly compression?: KafkaCompression;
}

import type { Duration } from 'cdk8s';
import type { RedisServerOptions } from '../../online';
import type { StartPosition } from '../start-position';

/** Options of {@link EventSource.redisStream}. */
export interface RedisStreamSourceOptions extends RedisServerOptions {
  /** Key of the stream. */
  readonly stream: string;

  /** Name of the consumer group, which is made when it is absent: who remembers which entries are done. */
  readonly group: string;

  /**
   * Where a new group begins.
   *
   * @default StartPosition.EARLIEST
   */
  readonly startAt?: StartPosition;

  /**
   * Field of an entry with the value of the event.
   *
   * @default 'value'
   */
  readonly valueField?: string;

  /**
   * Field of an entry with the key of the event. All other fields are its headers.
   *
   * @default 'key'
   */
  readonly keyField?: string;

  /**
   * Entries that a pod has held for so long are taken over by another one (XAUTOCLAIM). At least the drain time.
   *
   * @default Duration.minutes(1)
   */
  readonly claimAfter?: Duration;

  /**
   * An entry that was delivered more often is a dead letter: the pods that tried it died.
   *
   * @default 5
   */
  readonly maxDeliveries?: number;
}

/** Options of {@link EventSink.redisStream}. */
export interface RedisStreamSinkOptions extends RedisServerOptions {
  /** Key of the stream. */
  readonly stream: string;

  /**
   * Field of an entry for the value of the event.
   *
   * @default 'value'
   */
  readonly valueField?: string;

  /**
   * Field of an entry for the key of the event. Headers become fields of their own names.
   *
   * @default 'key'
   */
  readonly keyField?: string;

  /**
   * About the most entries that are kept; the oldest go first, read or not (MAXLEN ~).
   *
   * @default - all
   */
  readonly maxLength?: number;
}

import type { MicroBatchingConfig } from '../../contract';
import type { Logger } from '../../telemetry';
import type { ConsumedEvent, ProducedEvent } from './event';
import type { RecordRefusal } from './failure';

/** What clients of brokers are made with, beside their configuration. */
export interface ClientContext {
  /** Name of the consumer: client ids begin with it. */
  readonly consumer: string;

  /** Name of the pod, or of the machine. */
  readonly member: string;

  readonly logger: Logger;

  /** Learns of a failed attempt that is tried again. */
  readonly onRetry: (error: unknown) => void;
}

/** Handlers that finish what is in flight of partitions before they are given away. */
export type RevokeHandler = (partitions: readonly number[]) => Promise<void>;

/** What sources are made with, beside their configuration. */
export interface SourceContext extends ClientContext {
  /** Learns that the assignment changed. */
  readonly onRebalance: () => void;
}

/**
 * A source of events. Faults that pass are retried inside, and counted; faults of the declaration reject with a
 * `StreamError`.
 */
export interface EventSource {
  /** Connects and joins. @throws StreamError when the declaration is wrong */
  start(): Promise<void>;

  /**
   * The next micro-batch, in the order of arrival. One call at a time.
   *
   * @param signal ends the waiting: what is there by then is returned
   * @returns no events after about a second without any, so that the caller sees that the source is alive
   * @throws StreamError when the declaration turned out to be wrong
   */
  next(limits: MicroBatchingConfig, signal: AbortSignal): Promise<ConsumedEvent[]>;

  /** These events are done, as are all that were returned before them. Calls come in the order of `next`. */
  acknowledge(events: readonly ConsumedEvent[]): Promise<void>;

  /** No more events are taken for a while: the sink holds them up. The membership stays alive. */
  pause(): void;

  resume(): void;

  /** Events that are not acknowledged, by partition; 0 is the partition where there are none. */
  lag(): Promise<ReadonlyMap<number, number>>;

  /** Partitions that this process has; undefined where there are none, or before it has joined. */
  readonly assigned: number | undefined;

  /** When the source was last asked for events, or kept alive while paused, on the clock of `performance.now()`. */
  readonly lastPoll: number;

  /** Sets what finishes the events of partitions that are given away. */
  onRevoke?(handler: RevokeHandler): void;

  /** Takes no more events, and leaves the group. */
  stop(): Promise<void>;
}

/** A sink of events. Faults that pass are retried inside, without end, and counted. */
export interface EventSink {
  /** Connects. @throws StreamError when the declaration is wrong */
  start(): Promise<void>;

  /**
   * Writes events in order; resolves when all are acknowledged. Further calls may come before that, and are written after
   * it.
   *
   * @returns for each event that the sink will never take, why; the array is empty when it took all
   * @throws StreamError when the declaration turned out to be wrong
   */
  send(events: readonly ProducedEvent[]): Promise<readonly (RecordRefusal | undefined)[]>;

  /** Largest value that it takes, in bytes. Absent = any. */
  readonly maxValueBytes?: number;

  /** Writes what it still holds, and disconnects. */
  stop(): Promise<void>;
}

/** What became of a micro-batch. */
export interface DeliveredBatch {
  readonly events: readonly ConsumedEvent[];
  readonly outputs: readonly ProducedEvent[];
  readonly deadLetters: readonly ProducedEvent[];
}

/** Turns outputs that a sink refuses into dead letters. @throws StreamError when there is no place for dead letters */
export type RefusedOutput = (index: number, refusal: RecordRefusal) => ProducedEvent;

/** Writes outputs and dead letters, then acknowledges: the guarantee of delivery is here. */
export interface Delivery {
  /**
   * Delivers micro-batches in the order of calls; several may be under way.
   *
   * @param refused makes a dead letter of an output that the sink refuses
   * @returns how many outputs became dead letters
   * @throws StreamError when the declaration turned out to be wrong; then nothing of the batch is acknowledged
   */
  deliver(batch: DeliveredBatch, refused: RefusedOutput): Promise<number>;

  start(): Promise<void>;

  stop(): Promise<void>;
}

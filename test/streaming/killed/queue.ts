import type { EventSinkConfig, EventSourceConfig } from '../../../lib/contract';

/** An output as it was found. */
export interface FoundOutput {
  /** Number of the event. */
  readonly id: number;

  /** Header with the identifier of the event. */
  readonly eventId: string;
}

/** A broker whose events are shared by the members of a group one by one. */
export interface Queue {
  readonly source: EventSourceConfig;
  readonly sink: EventSinkConfig;
  readonly deadLetter: EventSinkConfig;

  /** Writes the values of events `from` to `to - 1`, once each whatever happens meanwhile. */
  produce(from: number, to: number, textOf: (id: number) => string): Promise<void>;

  /** Outputs so far. */
  outputs(): Promise<number>;

  /** Events that are not acknowledged. */
  lag(): Promise<number>;
  history(): Promise<readonly FoundOutput[]>;
  deadLetters(): Promise<number>;

  /** Kills the broker, and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Entries that are not heard of for so long are given to others. */
export const TAKEN_OVER_MILLIS = 1000;

/** Larger than the number of kills: no event is at fault for them. */
export const MAX_DELIVERIES = 1000;

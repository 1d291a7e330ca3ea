import type { DEAD_LETTER_CLASSES } from '../../contract';

/** Why an event is a dead letter. */
export type DeadLetterClass = (typeof DEAD_LETTER_CLASSES)[keyof typeof DEAD_LETTER_CLASSES];

/** An event that becomes a dead letter. */
export interface EventFailure {
  /** Position of the event in its micro-batch. */
  readonly index: number;

  readonly errorClass: DeadLetterClass;

  /** What is wrong, for people; holds no value of the event that is longer than a few words. */
  readonly reason: string;
}

/** One record that a sink will never take. */
export type RecordRefusal = Omit<EventFailure, 'index'>;

import type { QueueLimits } from './admission';

/** Bounds of a a batcher. */
export interface BatcherLimits extends QueueLimits {
  /** How long runs may follow each other before other events get their turn, in seconds. */
  readonly turnSeconds: number;

  /** Largest answer of one request in memory, in bytes. */
  readonly answerBytes: number;
}

/** Limits that fit most models. */
export const BATCHER_LIMITS: BatcherLimits = {
  queuedRows: 65_536,
  queuedBytes: 64 * 1024 * 1024,
  turnSeconds: 0.004,
  answerBytes: 64 * 1024 * 1024,
};

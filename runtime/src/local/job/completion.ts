import type { Pod } from '../pod';
import type { CompletionState, IndexStatus } from './status';

/** One of the completions of a Job: the pods that are started for it one after the other, until one succeeds. */
export class Completion {
  state: CompletionState = 'Waiting';
  /** Pods that have failed. */
  failed = 0;
  /** Of those, the ones that count against limits. */
  counted = 0;
  /** Why the last pod failed. */
  reason: string | undefined;
  /** When the next pod may start, as of `performance.now()`. */
  notBefore = 0;
  /** The pod that runs. */
  pod: Pod | undefined;
  /** Settles when everything about the last pod is done. */
  attempt: Promise<void> | undefined;

  constructor(readonly index: number) {}

  /** Whether a pod has to be started for it, now or later. */
  get isOpen(): boolean {
    return this.state === 'Waiting' || this.state === 'Retrying';
  }

  get isOver(): boolean {
    return !this.isOpen && this.state !== 'Running';
  }

  get status(): IndexStatus {
    const { index, state, failed, reason } = this;
    return { index, state, failed, ...(reason === undefined ? {} : { reason }) };
  }
}

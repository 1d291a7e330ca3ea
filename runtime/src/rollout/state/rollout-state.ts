import type { ROLLOUT_PHASES } from '../../contract';
import type { Evidence, SequentialState } from '../statistics';
import type { StepCounts } from './counts';

/** Schema name of the state; another one is not understood, and the rollout starts anew. */
export const STATE_SCHEMA = 'model-serving-rollout-state/v1';

/** One of `ROLLOUT_PHASES`. */
export type Phase = (typeof ROLLOUT_PHASES)[number];

/** Why a rollout is paused. */
export type PauseReason = 'step' | 'person' | 'undecided' | 'missing-data' | 'sample-ratio';

/** Everything that a controller has to know of a rollout to continue it. */
export interface RolloutState {
  readonly schema: typeof STATE_SCHEMA;

  /** Versions that it is about. */
  readonly stable: string;
  readonly candidate: string;

  /** Digest of the versions and of all that decides. */
  readonly configDigest: string;

  readonly phase: Phase;

  /** Why it is in this phase, as a sentence. */
  readonly reason: string;

  /** Since when it is in this phase and step; ISO 8601, for people. */
  readonly since: string;

  /** Position of the step, from 0; -1 = none yet. */
  readonly step: number;

  /** Revision of the split that is meant. */
  readonly revision: number;

  /** Counts the attempts. */
  readonly attempt: number;

  /** Times of the step, or of the phase where there is none. */
  readonly clock: StepClock;

  /** Counts of the steps of this attempt, by position. */
  readonly counts: readonly StepCounts[];

  /** What the tests remember, by name. */
  readonly tests: Readonly<Record<string, SequentialState>>;

  /** The evidence of the last look, by guardrail. */
  readonly evidence: Readonly<Record<string, Evidence>>;

  /** Absent = it is not paused. */
  readonly pausedFor?: PauseReason;

  /** Identifiers of the latest requests of people that were answered, oldest first. */
  readonly handled: readonly string[];

  /** Who wrote it. Absent = nobody leads any more. */
  readonly holder?: Holder;
}

/** Whole milliseconds, by the clock of the controller that looked; jumps of the time of day change nothing. */
export interface StepClock {
  /** With proxies that served the split all the time, a controller that looked, and counts. */
  readonly observed: number;

  /** Without counts, since the last ones. */
  readonly blind: number;

  /** Without a decision, since the least time had passed. */
  readonly undecided: number;

  /** Without enough ready pods of the candidate. */
  readonly unready: number;
}

export const NEW_CLOCK: StepClock = { observed: 0, blind: 0, undecided: 0, unready: 0 };

/** A controller, and its term: a greater one takes over. */
export interface Holder {
  readonly identity: string;
  readonly term: number;
}

import type { Evidence, Report } from '../statistics';
import type { Phase, RolloutState } from './rollout-state';

/** What kinds of decisions there are. */
export const DECISION_KINDS = [
  'started',
  'leader',
  'phase',
  'step',
  'verdict',
  'sample-ratio',
  'missing-data',
  'paused',
  'resumed',
  'promoting',
  'promoted',
  'aborting',
  'rolled-back',
  'command',
  'refused',
] as const;

export type DecisionKind = (typeof DECISION_KINDS)[number];

/** One entry of the decision log: what was decided, and everything that it rests on. */
export interface Decision {
  /** ISO 8601. */
  readonly time: string;
  readonly kind: DecisionKind;

  /** What and why, as a sentence. */
  readonly message: string;

  /** Phase, step (from 0) and revision after it. */
  readonly phase: Phase;
  readonly step: number;
  readonly revision: number;

  /** Whether people should be told: a Kubernetes Event, and a notification. `warning` = something is not as it should be. */
  readonly told?: 'normal' | 'warning';

  /** Numbers behind it, by guardrail. */
  readonly evidence?: Readonly<Record<string, Evidence>>;

  /** Numbers for people, of requests that were answered by both versions. */
  readonly reports?: readonly Report[];

  /** Who asked for it, and why. */
  readonly by?: string;
  readonly why?: string;

  /** Identifier of their request: that is how they find its answer. */
  readonly command?: string;
}

/** What the maker of a decision says; the rest is of the state. */
export type DecisionContent = Pick<
  Decision,
  'kind' | 'message' | 'told' | 'evidence' | 'reports' | 'by' | 'why' | 'command'
>;

/** Completes a decision. */
export function decisionOf(content: DecisionContent, state: RolloutState, time: string): Decision {
  const { phase, step, revision } = state;
  return { time, phase, step, revision, ...content };
}

import type { Evidence, Outcome } from './evidence';

/** The verdict on all guardrails of a rollout. */
export interface Verdict {
  readonly outcome: Outcome;

  /** The reasons of the guardrails that have this outcome, for people. */
  readonly reason: string;
}

/** The first of these that a guardrail has is the outcome of all. */
const ORDER: readonly Outcome[] = ['fail', 'no-data', 'undecided', 'pass'];

/**
 * The verdict on several guardrails. Each has an alpha of its own, and any one that fails, fails; all must pass for `pass`.
 *
 * A good candidate is so ended with at most the sum of the alphas.
 *
 * @returns `no-data` when there is no evidence
 */
export function combineVerdicts(evidence: readonly Evidence[]): Verdict {
  const outcome = ORDER.find((one) => evidence.some((other) => other.outcome === one));
  if (outcome === undefined) {
    return { outcome: 'no-data', reason: 'nothing is judged' };
  }
  const reasons = evidence.filter((one) => one.outcome === outcome).map(({ test, reason }) => `${test}: ${reason}`);
  return { outcome, reason: reasons.join('; ') };
}

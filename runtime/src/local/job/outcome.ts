import type { ContainerEnd } from '../pod';
import type { Completion } from './completion';
import { verdictOf } from './failure-policy';
import type { JobPlan } from './plan';

/** What follows from a failed pod. */
export interface Outcome {
  readonly next: 'retry' | 'index failed' | 'job failed';
  /** Why the pod failed. */
  readonly reason: string;
  /** Rule of the policy that decided. */
  readonly rule?: string;
  /** Why the Job fails, if it does: a reason that a cluster gives, and what led to it. */
  readonly jobReason?: string;
}

/**
 * Counts a failed pod, and says what follows from it: the policy decides first, then the limits.
 *
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/job/#handling-pod-and-container-failures
 */
export function outcomeOf(
  plan: JobPlan,
  completions: readonly Completion[],
  completion: Completion,
  containers: readonly ContainerEnd[],
): Outcome {
  const {
    backoffLimit,
    backoffLimitPerIndex = Number.POSITIVE_INFINITY,
    maxFailedIndexes = Number.POSITIVE_INFINITY,
  } = plan;
  const { action, rule } = verdictOf(plan.failureRules, containers);
  const reason = containers.find(({ code }) => code !== 0)?.reason ?? 'it was stopped';
  completion.reason = reason;
  completion.failed += 1;
  completion.counted += action === 'Ignore' ? 0 : 1;
  const pod = { reason, rule };
  const what = plan.indexed ? `index ${completion.index}: ${reason}` : reason;
  if (action === 'FailJob') {
    return { ...pod, next: 'job failed', jobReason: `PodFailurePolicy: ${rule}: ${what}` };
  }
  if (completions.reduce((total, { counted }) => total + counted, 0) > backoffLimit) {
    return { ...pod, next: 'job failed', jobReason: `BackoffLimitExceeded: ${what}` };
  }
  if (action !== 'FailIndex' && completion.counted <= backoffLimitPerIndex) {
    return { ...pod, next: 'retry' };
  }
  const failedIndexes = 1 + completions.filter(({ state }) => state === 'Failed').length;
  if (failedIndexes > maxFailedIndexes) {
    const jobReason = `MaxFailedIndexesExceeded: ${failedIndexes} have failed, ${maxFailedIndexes} may: ${what}`;
    return { ...pod, next: 'job failed', jobReason };
  }
  return { ...pod, next: 'index failed' };
}

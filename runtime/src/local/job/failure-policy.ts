import type { FailureRule } from '../job-schema';
import type { ContainerEnd } from '../pod';

/** What a failed pod means for its Job. */
export interface Verdict {
  readonly action: FailureRule['action'];
  /** The rule that says so, in the words of the Job controller; absent when none does. */
  readonly rule?: string;
}

/**
 * The first rule that matches a failed pod; without one, the failure counts.
 *
 * Rules about conditions of pods match nothing: what sets them (eviction, preemption) happens in clusters alone.
 *
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
 */
export function verdictOf(rules: readonly FailureRule[], containers: readonly ContainerEnd[]): Verdict {
  for (const [index, { action, onExitCodes }] of rules.entries()) {
    const match = containers.find(({ name, code }) => onExitCodes !== undefined && matches(onExitCodes, name, code));
    if (match !== undefined) {
      return { action, rule: `exit code ${match.code} of ${match.name} matches the ${action} rule at index ${index}` };
    }
  }
  return { action: 'Count' };
}

function matches(
  { containerName = '', operator, values }: NonNullable<FailureRule['onExitCodes']>,
  name: string,
  code: number,
): boolean {
  // Success is no failure, whatever a rule leaves out by NotIn.
  return (
    code !== 0 && (containerName === '' || containerName === name) && values.includes(code) === (operator === 'In')
  );
}

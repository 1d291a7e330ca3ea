import type { JobSpec } from '../job-schema';

/** What the API server would refuse about a Job, and what cannot be done here: each a sentence with its fix. */
export function ruleProblems(spec: JobSpec): string[] {
  const { completionMode, completions, parallelism, backoffLimitPerIndex, maxFailedIndexes, podFailurePolicy } = spec;
  const { restartPolicy, initContainers, containers } = spec.template.spec;
  const indexed = completionMode === 'Indexed';
  const rules = podFailurePolicy?.rules ?? [];
  const names = [...initContainers, ...containers].map(({ name }) => name);
  const problems: string[] = [];
  const check = (isWrong: boolean, text: string) => {
    if (isWrong) {
      problems.push(text);
    }
  };
  check(
    restartPolicy === 'Always',
    'the restartPolicy of its pods is Always, with which they never end. Set Never or OnFailure.',
  );
  check(
    indexed && completions === undefined,
    'it is Indexed and has no completions. Set completions to the number of indexes.',
  );
  check(
    !indexed && completions === undefined && parallelism > 1,
    'it is a work queue (parallelism without completions), which cannot be run here. Set completions.',
  );
  check(
    backoffLimitPerIndex !== undefined && !(indexed && restartPolicy === 'Never'),
    'backoffLimitPerIndex needs completionMode Indexed and restartPolicy Never. Set both, or backoffLimit instead.',
  );
  check(
    maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined,
    'maxFailedIndexes needs backoffLimitPerIndex. Set it, or remove maxFailedIndexes.',
  );
  check(
    podFailurePolicy !== undefined && restartPolicy !== 'Never',
    `podFailurePolicy needs restartPolicy Never, and it is ${restartPolicy}. Set Never.`,
  );
  check(
    rules.some(({ action }) => action === 'FailIndex') && backoffLimitPerIndex === undefined,
    'a rule of podFailurePolicy has the action FailIndex, which needs backoffLimitPerIndex. Set it.',
  );
  for (const { onExitCodes } of rules) {
    const { containerName = '', operator, values = [] } = onExitCodes ?? {};
    check(
      containerName !== '' && !names.includes(containerName),
      `a rule of podFailurePolicy is about the container ${containerName}, which is not there. Name one of ${names.join(', ')}.`,
    );
    check(
      operator === 'In' && values.includes(0),
      'a rule of podFailurePolicy is about the exit code 0, which is no failure. Remove it.',
    );
  }
  check(
    spec.successPolicy !== undefined,
    'it has a successPolicy, which cannot be obeyed here. Remove it, or run the Job in a cluster.',
  );
  return problems;
}

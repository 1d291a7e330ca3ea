import type { GuardrailConfig, RolloutConfig } from '../../contract';
import { type ArmSums, NO_COMPARISONS, NO_OUTCOMES, type StepCounts } from '../state';
import type { ArmCounts as Counts, MeanStratum, Stratum } from '../statistics';
import { isMeasured, sharesAt } from './plan';

/**
 * The counts that a guardrail is judged by: one stratum a step.
 *
 * @param only the step whose counts alone are wanted; absent = all
 */
export function strataOf(
  config: RolloutConfig,
  guardrail: GuardrailConfig,
  counts: readonly StepCounts[],
  only?: number,
): Stratum[] {
  return counts.flatMap((step, index) => {
    const shares = sharesAt(config, index);
    if ((only !== undefined && only !== index) || !isMeasured(guardrail, shares)) {
      return [];
    }
    const name = stratumName(step, index);
    // Requests of the candidate's own share and mirrored ones are of the same minutes: together they are one stratum. As two,
    // each with all requests of the stable version, these would count twice.
    const arms = [
      ...(shares.candidateWeight > 0 ? [step.candidate] : []),
      ...(shares.mirror > 0 ? [step.shadow] : []),
    ].map((arm) => countsOf(guardrail, arm));
    return arms.length === 0
      ? []
      : [{ name, stable: countsOf(guardrail, step.stable), candidate: arms.reduce(together) }];
  });
}

function together(some: Counts, others: Counts): Counts {
  return { n: some.n + others.n, events: some.events + others.events };
}

/** The values that an outcome guardrail is judged by: one stratum a step. `only` as for {@link strataOf}. */
export function outcomeStrata(
  config: RolloutConfig,
  guardrail: GuardrailConfig,
  counts: readonly StepCounts[],
  only?: number,
): MeanStratum[] {
  return counts.flatMap((step, index) =>
    (only !== undefined && only !== index) || !isMeasured(guardrail, sharesAt(config, index))
      ? []
      : [{ name: stratumName(step, index), ...(step.outcomes[guardrail.outcome ?? ''] ?? NO_OUTCOMES) }],
  );
}

function stratumName({ round }: StepCounts, index: number): string {
  return `step ${index + 1}${round === 0 ? '' : ` (${round + 1})`}`;
}

/** What was compared in the steps, together: both answers are of the same request. */
export function comparedIn(
  counts: readonly StepCounts[],
  only?: number,
): { agreements: number; disagreements: number } {
  const steps = only === undefined ? counts : counts.slice(only, only + 1);
  return steps.reduce<{ agreements: number; disagreements: number }>(
    (sum, { comparison }) => ({
      agreements: sum.agreements + comparison.agreements,
      disagreements: sum.disagreements + comparison.disagreements,
    }),
    NO_COMPARISONS,
  );
}

function countsOf({ type, budgetMillis }: GuardrailConfig, arm: ArmSums): Counts {
  if (type === 'errorRate' || type === 'errorRateIncrease') {
    return { n: arm.answered, events: Math.min(arm.errors, arm.answered) };
  }
  // Whoever was not answered in time, or gave up, has waited longer than the budget: else a slow version looks fast.
  const n = arm.timed + arm.late;
  return { n, events: Math.min(n, (arm.over[String(budgetMillis)] ?? 0) + arm.late) };
}

import type { CanaryStep } from './canary-step';
import type { DeclaredGuardrail } from './guardrail';

/** Requests of a step in a second. */
export interface StepTraffic {
  /** Those of the candidate, mirrored ones as well. */
  readonly candidate: number;

  /** Those of both versions. */
  readonly both: number;

  /** Those whose answers are compared. */
  readonly compared: number;
}

/**
 * What each step makes of the traffic, as the runtime does: a weight ends mirroring, and everything else keeps what there was.
 *
 * @param expectedRps requests in a second
 */
export function trafficOf(steps: CanaryStep[], expectedRps: number): StepTraffic[] {
  let [weight, mirror, comparison] = [0, 0, 0];
  return steps.map(({ _step: { type, percent = 0, comparePercent = 0 } }) => {
    if (type === 'weight') {
      [weight, mirror, comparison] = [percent / 100, 0, 0];
    } else if (type === 'shadow') {
      [mirror, comparison] = [percent / 100, comparePercent / 100];
    }
    return {
      candidate: expectedRps * (weight + mirror),
      both: expectedRps * (1 + mirror),
      compared: expectedRps * comparison,
    };
  });
}

/** Requests in a second that count for a guardrail. */
export function rateOf({ type }: DeclaredGuardrail, { candidate, compared }: StepTraffic): number {
  return type === 'disagreement' ? compared : candidate;
}

/**
 * Whether a step is left only when a guardrail has passed by what was counted in this step alone: every analysis that has
 * counts for it, and the last step that has.
 */
export function isProvedAt(
  guardrail: DeclaredGuardrail,
  steps: CanaryStep[],
  traffic: StepTraffic[],
  index: number,
): boolean {
  const counting = steps.flatMap(({ _step: { type } }, at) => {
    const step = traffic[at];
    const waits = type === 'weight' || type === 'shadow' || type === 'analysis';
    return waits && step !== undefined && rateOf(guardrail, step) > 0 ? [at] : [];
  });
  return counting.includes(index) && (index === counting.at(-1) || steps[index]?._step.type === 'analysis');
}

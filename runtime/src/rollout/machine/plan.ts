import { type GuardrailConfig, type RolloutConfig, type RolloutSplit, WHOLE_SHARE } from '../../contract';
import type { RolloutState } from '../state';

/** What a step makes of the traffic. */
export interface Shares {
  readonly candidateWeight: number;
  readonly mirror: number;
  readonly comparison: number;
  readonly pinned: boolean;
}

const NOTHING: Shares = { candidateWeight: 0, mirror: 0, comparison: 0, pinned: false };

/**
 * The shares while a step is under way: each step changes what it is about and keeps the rest.
 *
 * `weight` sets the share of the candidate and ends mirroring, `shadow` sets what is mirrored and compared, `header` lets the
 * header lead to the candidate from then on; `pause` and `analysis` change nothing.
 */
export function sharesAt({ steps }: RolloutConfig, position: number): Shares {
  let { candidateWeight, mirror, comparison, pinned } = NOTHING;
  for (const step of steps.slice(0, position + 1)) {
    if (step.type === 'weight') {
      [candidateWeight, mirror, comparison] = [step.share ?? 0, 0, 0];
    } else if (step.type === 'shadow') {
      [mirror, comparison] = [step.share ?? 0, step.comparison ?? 0];
    } else if (step.type === 'header') {
      pinned = true;
    }
  }
  return { candidateWeight, mirror, comparison, pinned };
}

/** The split that a state means. The candidate has a share in the steps and after them, never before and never when aborted. */
export function splitOf(config: RolloutConfig, state: RolloutState): RolloutSplit {
  const { revision, stable, candidate } = state;
  return { revision, stable, candidate, ...sharesOf(config, state) };
}

function sharesOf(config: RolloutConfig, { phase, step }: RolloutState): Shares & { settled?: boolean } {
  switch (phase) {
    case 'Progressing':
    case 'Paused':
      return sharesAt(config, step);
    case 'Promoting':
      return { ...NOTHING, candidateWeight: WHOLE_SHARE };
    case 'Promoted':
      return { ...NOTHING, candidateWeight: WHOLE_SHARE, settled: true };
    default:
      return NOTHING;
  }
}

/** Whether two states mean different traffic. */
export function isOtherTraffic(config: RolloutConfig, a: RolloutState, b: RolloutState): boolean {
  return JSON.stringify(sharesOf(config, a)) !== JSON.stringify(sharesOf(config, b));
}

/** Whether a guardrail can be judged by what a step gives. */
export function isMeasured({ type }: GuardrailConfig, { candidateWeight, mirror, comparison }: Shares): boolean {
  switch (type) {
    case 'disagreement':
      return comparison > 0;
    // Nobody sees the answer to a mirrored request, so nothing comes of it.
    case 'outcome':
      return candidateWeight > 0;
    default:
      return candidateWeight > 0 || mirror > 0;
  }
}

/**
 * Whether a step is left only with a `pass` of a guardrail by the counts of this step alone.
 *
 * That are every `analysis` that measures it, and the last step that does: for `disagreement` the last `shadow` with a
 * comparison, for the others the last `weight` or `analysis` with a share for the candidate (the last one with a mirror where no
 * step has a share).
 */
export function isProvedAt(config: RolloutConfig, guardrail: GuardrailConfig, position: number): boolean {
  const measures = (index: number) => isMeasured(guardrail, sharesAt(config, index));
  if (!measures(position)) {
    return false;
  }
  const { steps } = config;
  if (steps[position].type === 'analysis') {
    return true;
  }
  const all = steps.map((_, index) => index).filter((index) => isTest(config, index) && measures(index));
  const live = all.filter((index) => sharesAt(config, index).candidateWeight > 0);
  const last = guardrail.type === 'disagreement' || live.length === 0 ? all.at(-1) : live.at(-1);
  return position === last;
}

function isTest({ steps }: RolloutConfig, index: number): boolean {
  return ['weight', 'shadow', 'analysis'].includes(steps[index].type);
}

/** A step for people: `weight 10 %`. */
export function stepName(config: RolloutConfig, position: number): string {
  const { type, share, comparison } = config.steps[position];
  const compared = comparison === undefined || comparison === 0 ? '' : `, ${percent(comparison)} compared`;
  return share === undefined ? type : `${type} ${percent(share)}${compared}`;
}

/** A share for people. */
function percent(share: number): string {
  return `${share / (WHOLE_SHARE / 100)} %`;
}

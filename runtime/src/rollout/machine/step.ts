import type { RolloutConfig } from '../../contract';
import type { RolloutState } from '../state';
import type { Verdicts } from './judge';
import { sharesAt } from './plan';

/** Whether a step is over. */
export interface StepProgress {
  readonly isOver: boolean;

  /** What it waits for; absent when it is over. */
  readonly waiting?: string;

  /** Whether its least time has passed, so that it waits for samples or a decision. */
  readonly isUndecided: boolean;

  /** Whether its least samples are there as well. */
  readonly hasSamples: boolean;
}

/**
 * Whether a step is over: its least time was observed, both versions have its least samples, every guardrail that the step
 * measures has data, and those that are proved by this step pass by its counts alone.
 */
export function progressOf(config: RolloutConfig, state: RolloutState, verdicts: Verdicts): StepProgress {
  const { minMillis = 0 } = config.steps[state.step];
  const { observed } = state.clock;
  if (observed < minMillis) {
    return {
      isOver: false,
      isUndecided: false,
      hasSamples: false,
      waiting: `${seconds(observed)} of ${seconds(minMillis)} have been observed`,
    };
  }
  const samples = lackOfSamples(config, state);
  const waiting = samples ?? lackOfVerdicts(verdicts);
  const hasSamples = samples === undefined;
  return waiting === undefined
    ? { isOver: true, isUndecided: false, hasSamples }
    : { isOver: false, isUndecided: true, hasSamples, waiting };
}

function lackOfSamples(config: RolloutConfig, { step, counts }: RolloutState): string | undefined {
  const { minSamples = 0, type } = config.steps[step];
  const { candidateWeight, mirror, comparison } = sharesAt(config, step);
  const { stable, candidate, shadow, pin, comparison: compared } = counts[step];
  if (type === 'header') {
    return pin.answered < minSamples ? `${pin.answered} of ${minSamples} requests with the header` : undefined;
  }
  const samples: [string, boolean, number][] = [
    ['requests of the stable version', candidateWeight > 0 || mirror > 0, stable.answered],
    ['requests of the candidate', candidateWeight > 0, candidate.answered],
    ['mirrored requests', mirror > 0, shadow.answered],
    ['compared requests', comparison > 0, compared.agreements + compared.disagreements],
  ];
  const lacking = samples.find(([, isNeeded, count]) => isNeeded && count < minSamples);
  return lacking === undefined ? undefined : `${lacking[2]} of ${minSamples} ${lacking[0]}`;
}

function lackOfVerdicts({ evidence, proofs, mismatch }: Verdicts): string | undefined {
  if (mismatch !== undefined) {
    return `the ratio of the samples is wrong (${mismatch.reason})`;
  }
  const unseen = Object.entries(evidence).find(([, { outcome }]) => outcome === 'no-data');
  const unproved = Object.entries(proofs).find(([, { outcome }]) => outcome !== 'pass');
  const lacking = unseen ?? unproved;
  return lacking === undefined ? undefined : `guardrail ${lacking[0]}: ${lacking[1].reason}`;
}

function seconds(millis: number): string {
  return `${Math.floor(millis / 1000)} s`;
}

import { normalQuantile } from './distributions';
import { LEAST_EVENTS } from './level';
import { divergence } from './likelihood';
import { restrictedShare } from './restricted-share';

/** What a comparison of two shares shall be able to show. */
export interface SamplePlan {
  /** Share of events of the stable arm, from 0 to below 1. */
  readonly baseline: number;

  /** The increase beyond the margin that is to be found, above 0. It is the `effect` of the test. */
  readonly effect: number;

  /**
   * The increase that is allowed.
   *
   * @default 0
   */
  readonly margin?: number;

  /** Probability of a wrong `fail`, between 0 and 1. */
  readonly alpha: number;

  /** Probability to find the increase, between 0 and 1. */
  readonly power: number;

  /** Share of requests that the candidate gets, between 0 and 1. */
  readonly share: number;
}

/** ln of what it costs that the bets do not know the increase. Found by simulation, on the safe side: `npm run simulate`. */
const LEARNING = 1.4;

/** Events expected where `LEAST_EVENTS` come in half of the cases. */
const MEDIAN_EVENTS = LEAST_EVENTS - 1 / 3;

/** A baseline of 0 stands for one that was never seen. */
const RARE = 1e-9;

/**
 * Requests, of both arms together, after which `judgeIncrease` has found an increase with the probability `power`.
 *
 * The capital of its bets grows by the divergence of the shares from the nearest allowed ones with each request, and must get
 * to 1/alpha, less what a run of luck can take of it with probability 1 − `power`. Mostly that is more than enough, by 15 %
 * at the median; looking often costs nothing more.
 *
 * @returns a whole number; NaN when the plan has a number that cannot be
 */
export function samplesNeeded(plan: SamplePlan): number {
  if (!isPossible(plan)) {
    return Number.NaN;
  }
  const { effect, margin = 0, alpha, power, share } = plan;
  const p0 = Math.max(plan.baseline, RARE);
  const p1 = p0 + margin + effect;
  const b0 = restrictedShare(1 - share, p0, share, p1, margin);
  const b1 = b0 + margin;
  const gain = (1 - share) * divergence(p0, b0) + share * divergence(p1, b1);
  const variance = (1 - share) * gainVariance(p0, b0) + share * gainVariance(p1, b1);
  const luck = normalQuantile(power);
  const needed = LEARNING - Math.log(alpha);
  // The root of gain · n − luck · √(variance · n) = needed.
  const root = (luck * Math.sqrt(variance) + Math.sqrt(luck * luck * variance + 4 * gain * needed)) / (2 * gain);
  const events = ((luck + Math.sqrt(luck * luck + 4 * MEDIAN_EVENTS)) / 2) ** 2;
  return Math.ceil(Math.max(root * root, events / (share * p1)));
}

/**
 * Requests, of both arms together, that the z-test of a single look at the end needs; two-sided.
 *
 * (z₁₋α/₂ + z_power)² (p₁(1−p₁)/c + p₀(1−p₀)/(1−c)) / effect², with c the share of the candidate.
 *
 * @returns a whole number; NaN when the plan has a number that cannot be
 */
export function fixedSamplesNeeded(plan: SamplePlan): number {
  if (!isPossible(plan)) {
    return Number.NaN;
  }
  const { baseline, effect, margin = 0, alpha, power, share } = plan;
  const p1 = baseline + margin + effect;
  const scores = normalQuantile(1 - alpha / 2) + normalQuantile(power);
  const variance = (p1 * (1 - p1)) / share + (baseline * (1 - baseline)) / (1 - share);
  return Math.ceil((scores / effect) ** 2 * variance);
}

/** Variance of the gain of one request. */
function gainVariance(share: number, other: number): number {
  return share * (1 - share) * Math.log((share * (1 - other)) / (other * (1 - share))) ** 2;
}

function isPossible({ baseline, effect, margin = 0, alpha, power, share }: SamplePlan): boolean {
  return (
    [alpha, power, share].every((value) => value > 0 && value < 1) &&
    baseline >= 0 &&
    margin >= 0 &&
    effect > 0 &&
    baseline + margin + effect < 1
  );
}

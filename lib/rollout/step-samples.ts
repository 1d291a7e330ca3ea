/** What a comparison of the two versions shall be able to show. All numbers are shares, from 0 to 1. */
export interface StepSamplesPlan {
  /** Share of events (failed or late requests) of the stable version. */
  readonly baseline: number;

  /** The increase beyond the margin that is to be found. */
  readonly effect: number;

  /**
   * The increase that is allowed.
   *
   * @default 0
   */
  readonly margin?: number;

  /** Probability of ending the rollout of a candidate that keeps the margin. */
  readonly alpha: number;

  /** Probability of finding the increase. */
  readonly power: number;

  /** Share of requests that the candidate gets. */
  readonly share: number;
}

/** The same as in runtime/src/rollout/statistics, where they are explained. */
const LEARNING = 1.4;
const MEDIAN_EVENTS = 5 - 1 / 3;
const RARE = 1e-9;

/** Halvings of the interval of a share. */
const HALVINGS = 100;

/**
 * Requests, of both versions together, after which the controller of a rollout has found an increase with the probability
 * `power`. The library computes it as the runtime does, whose code it does not import.
 *
 * @returns a whole number; NaN when the plan has a number that cannot be
 */
export function stepSamples(plan: StepSamplesPlan): number {
  const { effect, margin = 0, alpha, power, share } = plan;
  const p0 = Math.max(plan.baseline, RARE);
  const p1 = p0 + margin + effect;
  if (!isPossible(plan)) {
    return Number.NaN;
  }
  const b0 = allowedShare(p0, p1, margin, share);
  const b1 = b0 + margin;
  const gain = (1 - share) * divergence(p0, b0) + share * divergence(p1, b1);
  const variance = (1 - share) * gainVariance(p0, b0) + share * gainVariance(p1, b1);
  const luck = normalQuantile(power);
  const needed = LEARNING - Math.log(alpha);
  const root = (luck * Math.sqrt(variance) + Math.sqrt(luck * luck * variance + 4 * gain * needed)) / (2 * gain);
  const events = ((luck + Math.sqrt(luck * luck + 4 * MEDIAN_EVENTS)) / 2) ** 2;
  return Math.ceil(Math.max(root * root, events / (share * p1)));
}

function isPossible({ baseline, effect, margin = 0, alpha, power, share }: StepSamplesPlan): boolean {
  return (
    [alpha, power, share].every((value) => value > 0 && value < 1) &&
    baseline >= 0 &&
    margin >= 0 &&
    effect > 0 &&
    baseline + margin + effect < 1
  );
}

/** The share of the stable version in the most likely pair of shares that keeps the margin. */
function allowedShare(p0: number, p1: number, margin: number, share: number): number {
  let below = p0;
  let above = p1 - margin;
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const b0 = (below + above) / 2;
    const b1 = b0 + margin;
    if (((1 - share) * (b0 - p0)) / (b0 * (1 - b0)) + (share * (b1 - p1)) / (b1 * (1 - b1)) > 0) {
      above = b0;
    } else {
      below = b0;
    }
  }
  return (below + above) / 2;
}

function divergence(share: number, other: number): number {
  return share * Math.log(share / other) + (1 - share) * Math.log((1 - share) / (1 - other));
}

function gainVariance(share: number, other: number): number {
  return share * (1 - share) * Math.log((share * (1 - other)) / (other * (1 - share))) ** 2;
}

/** The z with P(Z ≤ z) = `probability` of the standard normal distribution, between −8 and 8. */
function normalQuantile(probability: number): number {
  let below = -8;
  let above = 8;
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = (below + above) / 2;
    if (normalLower(middle) < probability) {
      below = middle;
    } else {
      above = middle;
    }
  }
  return (below + above) / 2;
}

/** Marsaglia, Evaluating the Normal Distribution (2004). */
function normalLower(z: number): number {
  let term = z;
  let sum = z;
  for (let odd = 3; Math.abs(term) > 1e-18; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

const MOST_STEPS = 100;
const EXACT = 1e-13;

/**
 * The shares of two arms that are nearest to given ones and have exactly `gap` between them: where the likelihood is largest.
 *
 * Source: Farrington & Manning, Test Statistics and Sample Size Formulae for Comparative Binomial Trials with Null Hypothesis
 * of Non-zero Risk Difference (1990). By Newton's method instead of their cubic, which loses digits at small shares.
 *
 * @param lowN requests of the arm that is to be lower
 * @param gap from 0 to below 1
 * @returns the share of the lower arm, between 0 and 1 − gap; that of the other one is `gap` above
 */
export function restrictedShare(lowN: number, lowShare: number, highN: number, highShare: number, gap: number): number {
  let below = Math.max(0, Math.min(lowShare, highShare - gap));
  let above = Math.min(1 - gap, Math.max(lowShare, highShare - gap));
  let guess = (lowN * lowShare + highN * (highShare - gap)) / (lowN + highN);
  if (gap === 0) {
    return guess;
  }
  for (let step = 0; step < MOST_STEPS; step += 1) {
    if (!(guess > below && guess < above)) {
      guess = (below + above) / 2;
    }
    const high = guess + gap;
    const spread = high * (1 - high);
    const pull = (high - highShare) / spread;
    // The derivative of the log likelihood by the share, times −share: without a pole at 0.
    const slope = (lowN * (guess - lowShare)) / (1 - guess) + highN * guess * pull;
    if (slope > 0) {
      above = guess;
    } else {
      below = guess;
    }
    const curvature =
      (lowN * (1 - lowShare)) / (1 - guess) ** 2 +
      highN * (pull + (guess * (spread - (high - highShare) * (1 - 2 * high))) / (spread * spread));
    const next = guess - slope / curvature;
    if (Math.abs(next - guess) <= EXACT * guess) {
      break;
    }
    guess = next;
  }
  return guess;
}

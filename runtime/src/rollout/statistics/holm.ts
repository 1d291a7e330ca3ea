/**
 * Which of several claims hold, so that the probability of any wrong one is at most alpha.
 *
 * For claims that a candidate is better, made of several metrics at once; a guardrail needs no such thing.
 *
 * Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure (1979). Always-valid p-values are fine.
 *
 * @param pValues of the claims; NaN does not hold
 */
export function holm(pValues: readonly number[], alpha: number): boolean[] {
  const order = pValues.map((_, index) => index).sort((a, b) => rankable(pValues[a]) - rankable(pValues[b]));
  const held = pValues.map(() => false);
  for (const [rank, index] of order.entries()) {
    if (!(pValues[index] >= 0 && pValues[index] <= alpha / (pValues.length - rank))) {
      break;
    }
    held[index] = true;
  }
  return held;
}

function rankable(pValue: number): number {
  return pValue >= 0 ? pValue : Number.POSITIVE_INFINITY;
}

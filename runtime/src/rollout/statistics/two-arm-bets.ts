import { type Bets, lnSum, settle } from './bets';
import type { Stratum } from './counts';
import { divergence, lnLikelihoodRatio } from './likelihood';
import { restrictedShare } from './restricted-share';

/**
 * Bets that the candidate's share of events is more than `margin` above that of the stable arm.
 *
 * What is settled at once is a block: so many requests of both arms. The bet on a pair of shares (a₀, a₁) gains the
 * likelihood ratio of the pair to (b₀, b₀ + margin), which are the nearest shares that keep the margin. On average that is no
 * gain as long as, within the block, the candidate's average probability is at most `margin` above that of the stable arm;
 * the probabilities need not be constant or known, and blocks at different levels are no paradox of Simpson.
 *
 * Sources: Turner, Ly & Grünwald, Generic E-Variables for Exact Sequential k-Sample Tests (arXiv 2106.02693);
 * Turner & Grünwald, Exact Anytime-valid Confidence Intervals for Contingency Tables and Beyond (arXiv 2203.09785) for
 * differences; Safe Sequential Testing and Effect Estimation in Stratified Count Data (arXiv 2302.11401) for strata.
 *
 * @param guesses of the stable arm's share, without knowledge of the block; bad ones cost power, nothing else
 * @param scale the harm beyond the margin on which most is bet
 */
export function betOnIncrease(
  bets: Bets,
  block: Stratum,
  margin: number,
  guesses: readonly number[],
  scale: number,
): Bets {
  return settleBlock(bets, block, margin, guesses, (a0, size) => {
    const most = 1 - (1 - margin - a0) / 8;
    return Math.min(a0 + margin + size * scale, most);
  });
}

/**
 * Bets that the candidate's share of events is less than `harm` above that of the stable arm; most of it that they are equal.
 * Otherwise like {@link betOnIncrease}, with the same sources.
 *
 * @param harm above 0
 */
export function betOnSafety(bets: Bets, block: Stratum, harm: number, guesses: readonly number[]): Bets {
  return settleBlock(bets, block, harm, guesses, (a0, size) => Math.max(a0 + harm - size * harm, a0 / 8));
}

/** @param shareOf the share of the candidate that a bet is on, by that of the stable arm and the size of the bet's harm */
function settleBlock(
  bets: Bets,
  { stable, candidate }: Stratum,
  gap: number,
  guesses: readonly number[],
  shareOf: (a0: number, size: number) => number,
): Bets {
  const shares = guesses.map((guess) => Math.min(guess, (1 - gap) * 0.999));
  let information = Number.POSITIVE_INFINITY;
  for (const a0 of shares) {
    const a1 = shareOf(a0, 1);
    const b0 = restrictedShare(stable.n, a0, candidate.n, a1, gap);
    const ofGuess = stable.n * divergence(a0, b0) + candidate.n * divergence(a1, b0 + gap);
    information = Math.min(information, ofGuess);
  }
  return settle(bets, information, (size) => {
    let lnGain = Number.NEGATIVE_INFINITY;
    for (const a0 of shares) {
      const a1 = shareOf(a0, size);
      const b0 = restrictedShare(stable.n, a0, candidate.n, a1, gap);
      lnGain = lnSum(lnGain, lnLikelihoodRatio(stable, a0, b0) + lnLikelihoodRatio(candidate, a1, b0 + gap));
    }
    return lnGain - Math.log(shares.length);
  });
}

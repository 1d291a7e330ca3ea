/**
 * Bets against a null hypothesis, as a portfolio.
 *
 * A test by betting starts with a capital of 1 and bets on what happens, at odds that are fair or worse when the null
 * hypothesis holds. The probability that the capital ever reaches 1/alpha is then at most alpha, at whichever looks, however
 * many (Ville's inequality; Waudby-Smith & Ramdas, Estimating Means of Bounded Random Variables by Betting, arXiv 2010.09686). The
 * capital is the likelihood ratio of a mixture of alternatives to the null hypothesis.
 *
 * Nobody knows the size of the harm, so the capital is spread over bets on harms of 2^−7 to 2^6 times a scale, most of it
 * at the scale, and a part of it is cash. After each look a small part of the capital is spread again (Herbster & Warmuth,
 * Tracking the Best Expert, 1998): that costs next to nothing, and a harm that begins late is found nearly as fast as one
 * that is there from the beginning.
 */

/** The bets are on harms of the scale times these. */
const HARMS: readonly number[] = Array.from({ length: 14 }, (_, index) => 2 ** (index - 7));

const CASH = 0.1;

/** So large a part of the capital is spread again while a harm of the scale would multiply the bet on it by e. */
const SPREAD = 0.05;

/** ln of the part of each bet; the last one is cash. */
const LN_PARTS: readonly number[] = (() => {
  const weights = HARMS.map((harm) => 1 / (1 + Math.log2(harm) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return [...weights.map((weight) => Math.log(((1 - CASH) * weight) / sum)), Math.log(CASH)];
})();

/** ln of the capital in each bet. */
export type Bets = readonly number[];

/** The bets before anything was seen. */
export const FIRST_BETS: Bets = LN_PARTS;

/** Whether something remembered can be bets. */
export function isBets(value: unknown): value is Bets {
  return Array.isArray(value) && value.length === LN_PARTS.length && value.every(Number.isFinite);
}

/** ln of the whole capital. */
export function lnCapital(bets: Bets): number {
  let most = bets[0];
  for (const bet of bets) {
    most = bet > most ? bet : most;
  }
  let sum = 0;
  for (const bet of bets) {
    sum += Math.exp(bet - most);
  }
  return most + Math.log(sum);
}

/**
 * Settles what was bet on, and spreads a part of the capital again.
 *
 * @param information ln of the gain that is expected of the bet on the scale when it is right, in what is settled
 * @param gain ln of what one unit became, of the bet on a harm of so many times the scale
 */
export function settle(bets: Bets, information: number, gain: (harm: number) => number): Bets {
  const settled = bets.map((bet, index) => (index < HARMS.length ? bet + gain(HARMS[index]) : bet));
  const lnKept = -SPREAD * information;
  const lnSpread = Math.log(-Math.expm1(lnKept)) + lnCapital(settled);
  return settled.map((bet, index) => lnSum(bet + lnKept, lnSpread + LN_PARTS[index]));
}

/** ln(e^a + e^b). */
export function lnSum(a: number, b: number): number {
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b));
}

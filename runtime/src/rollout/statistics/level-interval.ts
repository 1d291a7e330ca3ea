import { lnBeta } from './distributions';

/** Halvings of the interval from 0 to 1: enough for 12 digits of shares above a millionth. */
const HALVINGS = 60;

/**
 * A confidence sequence for a share: it holds at all looks together with probability 1 − alpha.
 *
 * It has the shares whose beta-binomial likelihood ratio is below 1/alpha (Robbins, Statistical Methods Related to the Law
 * of the Iterated Logarithm, 1970). It is exact, also for few events and none.
 *
 * @param centre the share near which it is to be tightest, between 0 and 1
 */
export function levelInterval(
  n: number,
  events: number,
  alpha: number,
  centre: number,
): { lower: number; upper: number } {
  const a = 0.5;
  const b = (0.5 * (1 - centre)) / centre;
  const limit = lnBeta(a + events, b + n - events) - lnBeta(a, b) + Math.log(alpha);
  const isPlausible = (share: number) => lnLikelihood(n, events, share) > limit;
  return {
    lower: events === 0 ? 0 : edge(events / n, 0, isPlausible),
    upper: events === n ? 1 : edge(events / n, 1, isPlausible),
  };
}

function lnLikelihood(n: number, events: number, share: number): number {
  return (events === 0 ? 0 : events * Math.log(share)) + (events === n ? 0 : (n - events) * Math.log1p(-share));
}

/** Where it stops to be plausible between a plausible share and one that is not; on the side that is not. */
function edge(plausible: number, implausible: number, isPlausible: (share: number) => boolean): number {
  let inside = plausible;
  let outside = implausible;
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = (inside + outside) / 2;
    if (isPlausible(middle)) {
      inside = middle;
    } else {
      outside = middle;
    }
  }
  return outside;
}

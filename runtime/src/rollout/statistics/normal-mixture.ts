import { lnNormalUpper } from './distributions';
import type { Difference } from './mantel-haenszel';

/**
 * ln of the likelihood ratio of the mixture sequential probability ratio test (mSPRT): differences with the normal
 * distribution N(0, `effect`²) against no difference.
 *
 * It is at least 1/alpha at any look with probability alpha when there is no difference and the estimate is nearly normal;
 * `exact` tests need no such thing.
 *
 * Source: Johari, Koomen, Pekelis & Walsh, Always Valid Inference (2015).
 *
 * @returns 0 when the variance is 0
 */
export function lnMixtureRatio({ difference, variance }: Difference, effect: number): number {
  if (!(variance > 0)) {
    return 0;
  }
  const square = effect * effect;
  const sum = variance + square;
  return 0.5 * Math.log(variance / sum) + (square * difference * difference) / (2 * variance * sum);
}

/**
 * The same for differences above 0 only, against no difference or one below 0: the half of the normal distribution.
 *
 * Source: Howard, Ramdas, McAuliffe & Sekhon, Time-uniform, Nonparametric, Nonasymptotic Confidence Sequences (2021),
 * one-sided normal mixture; with estimated variances asymptotic (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Time-uniform
 * Central Limit Theory and Asymptotic Confidence Sequences, 2021).
 */
export function lnHalfMixtureRatio({ difference, variance }: Difference, effect: number): number {
  if (!(variance > 0)) {
    return 0;
  }
  const sum = variance + effect * effect;
  const score = (difference * effect) / Math.sqrt(variance * sum);
  return Math.LN2 + 0.5 * Math.log(variance / sum) + (score * score) / 2 + lnNormalUpper(-score);
}

/**
 * Half the width of the asymptotic confidence sequence of a difference: the differences that {@link lnMixtureRatio} does not
 * exclude. With V = σ²/t and effect² = ρ²σ² it is σ √(2(tρ²+1)/(t²ρ²) · ln(√(tρ²+1)/α)) of Waudby-Smith et al.
 */
export function mixtureRadius(variance: number, effect: number, alpha: number): number {
  const square = effect * effect;
  const sum = variance + square;
  return Math.sqrt(((2 * variance * sum) / square) * (0.5 * Math.log(sum / variance) - Math.log(alpha)));
}

import { lnUpperGamma } from './incomplete-gamma';

/**
 * P(X² > x) of the chi-square distribution.
 *
 * @param df degrees of freedom, above 0
 */
export function chiSquareUpper(x: number, df: number): number {
  return Math.exp(lnUpperGamma(df / 2, x / 2));
}

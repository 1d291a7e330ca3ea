import { lowerBeta } from './incomplete-beta';

/**
 * P(T > t) of Student's t distribution.
 *
 * @param df degrees of freedom, above 0; need not be whole
 */
export function studentUpper(t: number, df: number): number {
  const sum = df + t * t;
  const tail = lowerBeta(df / 2, 0.5, df / sum, (t * t) / sum) / 2;
  return t >= 0 ? tail : 1 - tail;
}

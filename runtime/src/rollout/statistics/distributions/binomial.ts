import { lowerBeta } from './incomplete-beta';

/** P(X ≥ k) of `n` trials with success probability `p`. */
export function binomialUpper(k: number, n: number, p: number): number {
  if (k <= 0) {
    return 1;
  }
  return k > n ? 0 : lowerBeta(k, n - k + 1, p);
}

/** P(X ≤ k) of `n` trials with success probability `p`. */
export function binomialLower(k: number, n: number, p: number): number {
  return binomialUpper(n - k, n, 1 - p);
}

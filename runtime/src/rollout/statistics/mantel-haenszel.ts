import type { Stratum } from './counts';

/** A difference of the candidate to the stable arm, with the variance of its estimate. */
export interface Difference {
  readonly difference: number;
  readonly variance: number;
}

/**
 * The difference of the shares of two arms, from differences within strata.
 *
 * Strata are weighted by n₁n₀/(n₁+n₀) (Mantel & Haenszel), so that a change of the level and of the split between strata is
 * no difference of the arms. The variance is that of equal shares within each stratum.
 *
 * @returns undefined when no stratum has requests of both arms
 */
export function differenceOfShares(strata: readonly Stratum[]): Difference | undefined {
  return weighted(strata, ({ stable, candidate }) => {
    const pooled = (stable.events + candidate.events) / (stable.n + candidate.n);
    return {
      weight: (stable.n * candidate.n) / (stable.n + candidate.n),
      difference: candidate.events / candidate.n - stable.events / stable.n,
      variance: pooled * (1 - pooled) * (1 / candidate.n + 1 / stable.n),
    };
  });
}

/** A {@link Difference} within one stratum. */
export interface StratumDifference extends Difference {
  readonly weight: number;
}

/** The weighted mean of differences within strata. Those of weight 0, or none, do not count. */
export function weighted<T>(
  strata: readonly T[],
  within: (stratum: T) => StratumDifference | undefined,
): Difference | undefined {
  let weights = 0;
  let differences = 0;
  let variances = 0;
  for (const stratum of strata) {
    const part = within(stratum);
    if (part !== undefined && part.weight > 0) {
      weights += part.weight;
      differences += part.weight * part.difference;
      variances += part.weight * part.weight * part.variance;
    }
  }
  return weights === 0 ? undefined : { difference: differences / weights, variance: variances / (weights * weights) };
}

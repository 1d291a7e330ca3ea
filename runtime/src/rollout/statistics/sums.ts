import { find, firstFlaw, flawOfNames, isCount } from './counts';
import { type Difference, weighted } from './mantel-haenszel';

/** Running sums of the values of one arm in one stratum, from its beginning. */
export interface ArmSums {
  /** Values. */
  readonly n: number;

  /** Σx. */
  readonly sum: number;

  /** Σx². Values far from 0 with a small spread lose digits: subtract a constant from all of them first. */
  readonly sumSquares: number;
}

/** A part of the observation within which the share of the candidate was the same: a step of the rollout. */
export interface MeanStratum {
  /** Unique within the test. */
  readonly name: string;
  readonly stable: ArmSums;
  readonly candidate: ArmSums;
}

export function mean({ n, sum }: ArmSums): number {
  return sum / n;
}

/** The estimated variance of the values, with n − 1. */
export function variance({ n, sum, sumSquares }: ArmSums): number {
  return Math.max(0, (sumSquares - (sum * sum) / n) / (n - 1));
}

/** The sums of an arm over all strata. */
export function totalSums(strata: readonly MeanStratum[], arm: 'stable' | 'candidate'): ArmSums {
  const add = (key: keyof ArmSums) => strata.reduce((total, stratum) => total + stratum[arm][key], 0);
  return { n: add('n'), sum: add('sum'), sumSquares: add('sumSquares') };
}

/**
 * The difference of the means of two arms, from differences within strata with two values of each arm at least.
 *
 * Weighted like shares, by n₁n₀/(n₁+n₀), each with the variance of Welch's test.
 *
 * @returns undefined when there is no such stratum
 */
export function differenceOfMeans(strata: readonly MeanStratum[]): Difference | undefined {
  return weighted(strata, ({ stable, candidate }) =>
    Math.min(stable.n, candidate.n) < 2
      ? undefined
      : {
          weight: (stable.n * candidate.n) / (stable.n + candidate.n),
          difference: mean(candidate) - mean(stable),
          variance: variance(candidate) / candidate.n + variance(stable) / stable.n,
        },
  );
}

/** Why these cannot be sums that follow those of before; undefined when they can. */
export function flawOfSums(before: readonly MeanStratum[], now: readonly MeanStratum[]): string | undefined {
  return (
    flawOfNames(now) ??
    firstFlaw(now, ({ name, stable, candidate }) => {
      const old = find(before, name);
      return flawOfArmSums(stable, old?.stable) ?? flawOfArmSums(candidate, old?.candidate);
    })
  );
}

/** Strata as plain JSON, for evidence. */
export function plainSums(strata: readonly MeanStratum[]) {
  return strata.map(({ name, stable, candidate }) => ({ name, stable: { ...stable }, candidate: { ...candidate } }));
}

/** Rounding of sums may make the sum of squares less than it can be by this part. */
const ROUNDING = 1e-9;

/** Larger sums of squares overflow in what is computed from them. */
const LARGEST = 1e150;

/** Why these cannot be sums of one arm, after those of before; undefined when they can. */
export function flawOfArmSums(
  { n, sum, sumSquares }: ArmSums,
  before: ArmSums = { n: 0, sum: 0, sumSquares: 0 },
): string | undefined {
  if (!isCount(n)) {
    return `${n} is not a count`;
  }
  if (!(Math.abs(sum) <= LARGEST && sumSquares >= 0 && sumSquares <= LARGEST)) {
    return `${sum} and ${sumSquares} are not a sum and a sum of squares`;
  }
  if (sum * sum > n * sumSquares * (1 + ROUNDING)) {
    return `the sum ${sum} of ${n} values is too large for their sum of squares ${sumSquares}`;
  }
  return n < before.n || sumSquares < before.sumSquares
    ? `a count has become less: ${n} values with the sum of squares ${sumSquares}, after ${before.n} with ${before.sumSquares}`
    : undefined;
}

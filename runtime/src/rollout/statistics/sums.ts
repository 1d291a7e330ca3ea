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

  /** Of a ratio of two sums, what is divided by. Absent = by the number of values: it is a mean. */
  readonly denominator?: DenominatorSums;
}

/** Running sums of what the values of a ratio are held against: a ratio is Σx/Σd. */
export interface DenominatorSums {
  /** Σd. */
  readonly sum: number;

  /** Σd². */
  readonly sumSquares: number;

  /** Σxd. */
  readonly sumProducts: number;
}

/** A part of the observation within which the share of the candidate was the same: a step of the rollout. */
export interface MeanStratum {
  /** Unique within the test. */
  readonly name: string;
  readonly stable: ArmSums;
  readonly candidate: ArmSums;
}

export const NO_SUMS: ArmSums = { n: 0, sum: 0, sumSquares: 0 };

/** The mean of the values, or the ratio of the sums. */
export function mean({ n, sum, denominator }: ArmSums): number {
  return sum / (denominator?.sum ?? n);
}

/**
 * The estimated variance of the values, with n − 1: n times that of the mean.
 *
 * Of a ratio R, by the delta method: the variance of (x − Rd)/d̄, whose mean is 0. Source: Deng, Knoblich & Lu, Applying the Delta
 * Method in Metric Analytics (KDD 2018).
 */
export function variance({ n, sum, sumSquares, denominator }: ArmSums): number {
  if (denominator === undefined) {
    return Math.max(0, (sumSquares - (sum * sum) / n) / (n - 1));
  }
  const ratio = sum / denominator.sum;
  const squares = sumSquares - 2 * ratio * denominator.sumProducts + ratio * ratio * denominator.sumSquares;
  return Math.max(0, squares / (n - 1) / (denominator.sum / n) ** 2);
}

/** The sums of two sets of values together. */
export function addSums(a: ArmSums, b: ArmSums): ArmSums {
  const denominator = a.denominator ?? b.denominator;
  const add = (key: keyof DenominatorSums) => (a.denominator?.[key] ?? 0) + (b.denominator?.[key] ?? 0);
  return {
    n: a.n + b.n,
    sum: a.sum + b.sum,
    sumSquares: a.sumSquares + b.sumSquares,
    ...(denominator && {
      denominator: { sum: add('sum'), sumSquares: add('sumSquares'), sumProducts: add('sumProducts') },
    }),
  };
}

/** The sums of an arm over all strata. */
export function totalSums(strata: readonly MeanStratum[], arm: 'stable' | 'candidate'): ArmSums {
  return strata.map((stratum) => stratum[arm]).reduce(addSums, NO_SUMS);
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
    Math.min(stable.n, candidate.n) < 2 || !isDivided(stable) || !isDivided(candidate)
      ? undefined
      : {
          weight: (stable.n * candidate.n) / (stable.n + candidate.n),
          difference: mean(candidate) - mean(stable),
          variance: variance(candidate) / candidate.n + variance(stable) / stable.n,
        },
  );
}

function isDivided({ denominator }: ArmSums): boolean {
  return denominator === undefined || denominator.sum > 0;
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
  return strata.map(({ name, stable, candidate }) => ({
    name,
    stable: plainArm(stable),
    candidate: plainArm(candidate),
  }));
}

function plainArm({ denominator, ...sums }: ArmSums) {
  return { ...sums, ...(denominator && { denominator: { ...denominator } }) };
}

/** Rounding of sums may make the sum of squares less than it can be by this part. */
const ROUNDING = 1e-9;

/** Larger sums of squares overflow in what is computed from them. */
const LARGEST = 1e150;

/** Why these cannot be sums of one arm, after those of before; undefined when they can. */
export function flawOfArmSums(sums: ArmSums, before: ArmSums = NO_SUMS): string | undefined {
  const { n, sumSquares, denominator } = sums;
  const ofDivisors = denominator && { n, sum: denominator.sum, sumSquares: denominator.sumSquares };
  return flawOfPlainSums(sums, before) ?? (ofDivisors && flawOfRatio(sumSquares, denominator, ofDivisors));
}

function flawOfRatio(
  sumSquares: number,
  { sum, sumSquares: ofDivisors, sumProducts }: DenominatorSums,
  plain: ArmSums,
): string | undefined {
  if (sum < 0) {
    return `the denominators have the sum ${sum}`;
  }
  const isPossible = sumProducts * sumProducts <= sumSquares * ofDivisors * (1 + ROUNDING);
  return flawOfPlainSums(plain) ?? (isPossible ? undefined : `${sumProducts} is not a sum of products`);
}

function flawOfPlainSums({ n, sum, sumSquares }: ArmSums, before: ArmSums = NO_SUMS): string | undefined {
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

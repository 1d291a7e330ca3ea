import { areStrata, update } from './counts';
import {
  flawOfParameters,
  isOf,
  type Judgement,
  noData,
  type Outcome,
  type SequentialState,
  significance,
} from './evidence';
import { lnHalfMixtureRatio, mixtureRadius } from './normal-mixture';
import {
  type ArmSums,
  differenceOfMeans,
  flawOfSums,
  type MeanStratum,
  mean,
  plainSums,
  totalSums,
  variance,
} from './sums';
import { digits } from './text';

/** Input of {@link judgeMean}. */
export interface MeanInput {
  /** All sums since the beginning. */
  readonly strata: readonly MeanStratum[];

  /** By so much the candidate's mean may be worse than that of the stable arm, in the unit of the values; 0 or more. */
  readonly margin: number;

  /** Which way of a difference is harm. */
  readonly direction: 'higher-is-worse' | 'lower-is-worse';

  /** Probability of a wrong `fail` over all looks together, and of a wrong `pass`; asymptotically. */
  readonly alpha: number;

  /** Fewest values of each arm, for `fail` and `pass`; 1000 at least. */
  readonly minSamples: number;

  /**
   * The harm worth seeing, in the unit of the values. `pass` excludes a harm of so much, or of the margin when that is larger.
   *
   * @default - the margin; a tenth of the standard deviation of the stable arm when that is 0
   */
  readonly effect?: number;

  /**
   * The state of the look before.
   *
   * @default - this is the first one
   */
  readonly previous?: SequentialState;
}

/** The tests are asymptotic: on skewed values they are too optimistic with fewer. */
const LEAST_VALUES = 1000;

/** Without a margin, a harm of this part of the standard deviation is worth seeing. */
const USUAL_EFFECT = 0.1;

/** The test is most powerful at so many times the values of the first look that may decide. */
const LATER = 4;

/**
 * Judges whether the candidate's mean is worse than that of the stable arm by more than `margin`.
 *
 * - `fail`: harm beyond the margin is shown by an asymptotic confidence sequence (the one-sided normal mixture), which has at
 *   most probability alpha however often one looks, for many values. Once reached it stays.
 * - `pass`: no `fail`, and a harm of `effect` (of the margin, when that is larger) is excluded in the same way. Later sums
 *   can take it back.
 * - `undecided`: neither, or fewer values of an arm than `minSamples` and 1000, or values that do not vary.
 * - `no-data`: fewer than two values of an arm in all strata, or denominators of 0, or numbers that cannot be sums.
 *
 * To show that the candidate is better, ask in the other direction: `fail` then says so. The values must be independent: several
 * requests of one user are one value, their mean. A ratio of two sums (strata with denominators) is judged in the same way, with its
 * variance by the delta method: then one value is all of one user, numerator and denominator.
 *
 * Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Time-uniform Central Limit Theory and Asymptotic Confidence Sequences
 * (arXiv 2103.06476).
 */
export function judgeMean(input: MeanInput): Judgement {
  const { strata, margin, direction, alpha } = input;
  const memory = recall(`mean ${direction} margin=${margin} effect=${input.effect ?? 'default'}`, input.previous);
  const flaw = flawOfParameters(alpha, input.minSamples) ?? flawOf(input) ?? flawOfSums(memory.seen, strata);
  if (flaw !== undefined) {
    return noData('mean', flaw, alpha, memory);
  }
  const estimate = differenceOfMeans(strata);
  if (estimate === undefined) {
    return noData('mean', 'no stratum has two values of both arms', alpha, memory);
  }
  const stable = totalSums(strata, 'stable');
  const candidate = totalSums(strata, 'candidate');
  const minSamples = Math.max(input.minSamples, LEAST_VALUES);
  const enough = Math.min(stable.n, candidate.n) >= minSamples;
  const scale = memory.scale || (enough ? scaleAt(estimate.variance / LATER, alpha) : 0);
  const harm = direction === 'higher-is-worse' ? estimate.difference : -estimate.difference;
  const tolerated = Math.max(
    margin,
    input.effect ?? (margin > 0 ? margin : USUAL_EFFECT * Math.sqrt(variance(stable))),
  );
  const ratioOf = (difference: number) =>
    scale > 0 ? lnHalfMixtureRatio({ difference, variance: estimate.variance }, scale) : 0;
  const logRatio = Math.max(memory.logRatio, enough ? ratioOf(harm - margin) : 0);
  const safeLogRatio = enough ? ratioOf(tolerated - harm) : 0;
  const radius = scale > 0 && estimate.variance > 0 ? mixtureRadius(estimate.variance, scale, alpha) : undefined;
  const [outcome, reason] = decide({
    stable,
    candidate,
    harm,
    margin,
    tolerated,
    alpha,
    minSamples,
    enough,
    scale,
    logRatio,
    safeLogRatio,
  });
  return {
    evidence: {
      test: 'mean',
      outcome,
      reason,
      alpha,
      ...significance(logRatio, alpha),
      safeStatistic: safeLogRatio,
      n: candidate.n,
      mean: mean(candidate),
      stableN: stable.n,
      stableMean: mean(stable),
      difference: estimate.difference,
      standardError: Math.sqrt(estimate.variance),
      ...(radius && { lower: estimate.difference - radius, upper: estimate.difference + radius }),
      direction,
      margin,
      effect: tolerated,
      minSamples,
      strata: plainSums(strata),
    },
    state: { ...memory, logRatio, scale, seen: plainSums(update(memory.seen, strata)) },
  };
}

interface MeanState extends SequentialState {
  /** Standard deviation of the mixture, fixed at the first look that may decide; 0 = not yet. */
  readonly scale: number;
  readonly seen: readonly MeanStratum[];
}

function recall(test: string, previous: SequentialState | undefined): MeanState {
  if (isOf(test, previous) && Number.isFinite(previous.scale) && areStrata(previous.seen, ['n', 'sum', 'sumSquares'])) {
    return previous as MeanState;
  }
  return { test, logRatio: 0, scale: 0, seen: [] };
}

function flawOf({ margin, effect = 1, direction }: MeanInput): string | undefined {
  if (!(margin >= 0 && margin < Number.POSITIVE_INFINITY)) {
    return `margin is ${margin}, and must be 0 or more`;
  }
  if (!(effect > 0 && effect < Number.POSITIVE_INFINITY)) {
    return `effect is ${effect}, and must be above 0`;
  }
  const directions: readonly string[] = ['higher-is-worse', 'lower-is-worse'];
  return directions.includes(direction)
    ? undefined
    : `direction is ${direction}, and must be one of ${directions.join(', ')}`;
}

/** ρσ for the mixture that is tightest where the estimate has this variance (Waudby-Smith et al., equation for ρ). */
function scaleAt(variance: number, alpha: number): number {
  const twice = -2 * Math.log(alpha);
  return Math.sqrt(variance * (twice + Math.log(twice + 1)));
}

function decide(found: {
  stable: ArmSums;
  candidate: ArmSums;
  harm: number;
  margin: number;
  tolerated: number;
  alpha: number;
  minSamples: number;
  enough: boolean;
  scale: number;
  logRatio: number;
  safeLogRatio: number;
}): [Outcome, string] {
  const { margin } = found;
  const threshold = -Math.log(found.alpha);
  const tolerated = digits(found.tolerated);
  const { stable, candidate } = found;
  const what = candidate.denominator === undefined ? 'mean' : 'ratio';
  const difference = `${digits(Math.abs(found.harm))} ${found.harm > 0 ? 'worse' : 'better'}`;
  const seen = `the ${what} ${digits(mean(candidate))} of ${candidate.n} values is ${difference} than ${digits(mean(stable))} of ${stable.n} of the stable version`;
  if (found.logRatio >= threshold) {
    return ['fail', `${seen}: ${margin > 0 ? `more than ${digits(margin)} ` : ''}worse is shown`];
  }
  if (!found.enough) {
    return ['undecided', `${seen}: at least ${found.minSamples} values of both are needed`];
  }
  if (found.scale === 0) {
    return ['undecided', `${seen}: the values do not vary`];
  }
  if (found.safeLogRatio >= threshold) {
    return ['pass', `${seen}: ${tolerated} worse is excluded`];
  }
  return ['undecided', `${seen}: neither is it shown to be worse, nor ${tolerated} worse excluded`];
}

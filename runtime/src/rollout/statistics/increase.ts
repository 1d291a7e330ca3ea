import { type Bets, FIRST_BETS, isBets, lnCapital } from './bets';
import { areStrata, find, flawOfStrata, plain, type Stratum, since, total, update } from './counts';
import {
  flawOfParameters,
  isOf,
  isProbability,
  type Judgement,
  noData,
  type Outcome,
  type SequentialState,
  significance,
} from './evidence';
import { LEAST_EVENTS } from './level';
import { differenceOfShares } from './mantel-haenszel';
import { mixtureRadius } from './normal-mixture';
import { percent, points } from './text';
import { betOnIncrease, betOnSafety } from './two-arm-bets';

/** Input of {@link judgeIncrease}. */
export interface IncreaseInput {
  /** All counts since the beginning. */
  readonly strata: readonly Stratum[];

  /** By so much the candidate's share of events may exceed that of the stable arm; from 0 to below 1. */
  readonly margin: number;

  /** Probability of a wrong `fail` over all looks together, and of a wrong `pass`. */
  readonly alpha: number;

  /** Fewest requests of each arm for `pass`. */
  readonly minSamples: number;

  /**
   * The increase worth seeing, between 0 and 1. Most power is put on a harm of so much beyond the margin, and `pass` excludes
   * an increase of so much, or of the margin when that is larger.
   *
   * @default - the margin; 0.01 when that is 0
   */
  readonly effect?: number;

  /**
   * The state of the look before.
   *
   * @default - this is the first one
   */
  readonly previous?: SequentialState;
}

const USUAL_EFFECT = 0.01;

/** Guesses of a share of which nothing is known. */
const ANY_SHARE: readonly number[] = [0.00025, 0.001, 0.004, 0.016, 0.064, 0.25];

/** Smaller blocks waste requests that have none of the other arm beside them. */
const BLOCK = 5;

/**
 * Judges whether the candidate's share of events exceeds that of the stable arm by at most `margin`.
 *
 * - `fail`: bets on a larger increase have made 1/alpha of their capital, and the candidate has at least five events. That
 *   has at most probability alpha, however often one looks, while the increase is at most the margin; both shares may be
 *   anything, and may change. It needs no `minSamples`, and once reached it stays.
 * - `pass`: at least `minSamples` requests of both arms, no `fail`, and an increase of `effect` or more (of the margin, when
 *   that is larger) is excluded: bets against it stand at 1/alpha. So with a margin non-inferiority is shown, without one no
 *   harm worth seeing is left. Later counts can take it back.
 * - `undecided`: neither.
 * - `no-data`: no requests of both arms in a stratum, or numbers that cannot be counts.
 *
 * Arms are compared within blocks of a stratum, of at least five requests each, so that a change of the split or of the level
 * is not taken for a difference. The test is exact for any counts; only the interval of the difference in the evidence is
 * asymptotic, for people. See `two-arm-bets.ts` and `normal-mixture.ts` for the sources.
 */
export function judgeIncrease(input: IncreaseInput): Judgement {
  const { strata, margin, alpha, minSamples } = input;
  const effect = input.effect ?? (margin > 0 ? margin : USUAL_EFFECT);
  const memory = recall(`increase margin=${margin} effect=${effect}`, input.previous);
  const flaw = flawOfParameters(alpha, minSamples) ?? flawOf(margin, effect) ?? flawOfStrata(memory.seen, strata);
  if (flaw !== undefined) {
    return noData('increase', flaw, alpha, memory);
  }
  const estimate = differenceOfShares(strata);
  if (estimate === undefined) {
    return noData('increase', 'no stratum has requests of both arms', alpha, memory);
  }
  const bets = settleBlocks(memory, strata, margin, effect);
  const stable = total(strata, 'stable');
  const candidate = total(strata, 'candidate');
  const logRatio = Math.max(memory.logRatio, candidate.events >= LEAST_EVENTS ? lnCapital(bets.harm) : 0);
  const safeLogRatio = lnCapital(bets.safe);
  const tolerated = Math.max(effect, margin);
  const [outcome, reason] = decide(strata, { margin, tolerated, alpha, minSamples, logRatio, safeLogRatio });
  const radius = estimate.variance > 0 ? mixtureRadius(estimate.variance, effect, alpha) : undefined;
  return {
    evidence: {
      test: 'increase',
      outcome,
      reason,
      alpha,
      ...significance(logRatio, alpha),
      safeStatistic: safeLogRatio,
      n: candidate.n,
      events: candidate.events,
      stableN: stable.n,
      stableEvents: stable.events,
      difference: estimate.difference,
      ...(radius && { lower: estimate.difference - radius, upper: estimate.difference + radius }),
      margin,
      effect,
      minSamples,
      strata: plain(strata),
    },
    state: { ...memory, logRatio, ...bets, seen: plain(update(memory.seen, strata)) },
  };
}

interface IncreaseState extends SequentialState {
  readonly harm: Bets;
  readonly safe: Bets;
  readonly seen: readonly Stratum[];

  /** The counts that the bets are about. */
  readonly settled: readonly Stratum[];
}

const COUNTS = ['n', 'events'];

function recall(test: string, previous: SequentialState | undefined): IncreaseState {
  if (
    isOf(test, previous) &&
    isBets(previous.harm) &&
    isBets(previous.safe) &&
    areStrata(previous.seen, COUNTS) &&
    areStrata(previous.settled, COUNTS)
  ) {
    return previous as IncreaseState;
  }
  return { test, logRatio: 0, harm: FIRST_BETS, safe: FIRST_BETS, seen: [], settled: [] };
}

function flawOf(margin: number, effect: number): string | undefined {
  if (margin !== 0 && !isProbability(margin)) {
    return `margin is ${margin}, and must be from 0 to below 1`;
  }
  return isProbability(effect) ? undefined : `effect is ${effect}, and must lie between 0 and 1`;
}

/** Settles the bets of all strata with enough new requests of both arms. How many are enough does not depend on events. */
function settleBlocks(memory: IncreaseState, strata: readonly Stratum[], margin: number, effect: number) {
  let { harm, safe, settled } = memory;
  for (const stratum of strata) {
    const before = find(settled, stratum.name);
    const block = since(before, stratum);
    if (Math.min(block.stable.n, block.candidate.n) >= BLOCK) {
      const guesses = guessShare(settled, before);
      harm = betOnIncrease(harm, block, margin, guesses, effect);
      safe = betOnSafety(safe, block, Math.max(effect, margin), guesses);
      settled = update(settled, [stratum]);
    }
  }
  return { harm, safe, settled: plain(settled) };
}

/** Guesses of the stable arm's share of events: by its counts in the stratum so far, else by those in others, else any. */
function guessShare(settled: readonly Stratum[], stratum: Stratum | undefined): readonly number[] {
  const { n, events } = total(settled, 'stable');
  if (n === 0) {
    return ANY_SHARE;
  }
  const overall = (events + 0.5) / (n + 1);
  return [stratum === undefined ? overall : (stratum.stable.events + 0.5) / (stratum.stable.n + 0.5 / overall)];
}

function decide(
  strata: readonly Stratum[],
  found: {
    margin: number;
    tolerated: number;
    alpha: number;
    minSamples: number;
    logRatio: number;
    safeLogRatio: number;
  },
): [Outcome, string] {
  const { margin, minSamples } = found;
  const stable = total(strata, 'stable');
  const candidate = total(strata, 'candidate');
  const threshold = -Math.log(found.alpha);
  const seen = `${percent(candidate.events / candidate.n)} of ${candidate.n} requests, ${percent(stable.events / stable.n)} of ${stable.n} of the stable version`;
  if (found.logRatio >= threshold) {
    return ['fail', `${seen}: an increase ${margin > 0 ? `of more than ${points(margin)} ` : ''}is shown`];
  }
  if (Math.min(stable.n, candidate.n) < minSamples) {
    return ['undecided', `${seen}: at least ${minSamples} of both are needed`];
  }
  if (found.safeLogRatio >= threshold) {
    return ['pass', `${seen}: an increase of ${points(found.tolerated)} is excluded`];
  }
  return ['undecided', `${seen}: neither an increase is shown, nor one of ${points(found.tolerated)} excluded`];
}

import { type Bets, FIRST_BETS, isBets, lnCapital, settle } from './bets';
import { type ArmCounts, areStrata, find, flawOfStrata, plain, type Stratum, since, total, update } from './counts';
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
import { levelInterval } from './level-interval';
import { divergence, lnLikelihoodRatio } from './likelihood';
import { percent } from './text';

/** Input of {@link judgeLevel}. */
export interface LevelInput {
  /** All counts since the beginning. Only those of the candidate are judged. */
  readonly strata: readonly Stratum[];

  /** Largest share of events, from 0 to below 1. At 0 a single event is too many. */
  readonly max: number;

  /** Probability of a wrong `fail` over all looks together, and of a wrong `pass`. */
  readonly alpha: number;

  /** Fewest requests of the candidate for `pass`. */
  readonly minSamples: number;

  /**
   * The state of the look before.
   *
   * @default - this is the first one
   */
  readonly previous?: SequentialState;
}

/** It never fails on fewer events: a client that retries one bad request is no sample. */
export const LEAST_EVENTS = 5;

/** Where the interval is tightest when no event is allowed. */
const RARE = 0.001;

/**
 * Judges whether the candidate's share of events is at most `max`.
 *
 * - `fail`: bets on larger shares have made 1/alpha of their capital, and there are at least five events (one when `max` is
 *   0). That has at most probability alpha, however often one looks, while each request is an event with probability `max`
 *   or less, whatever came before it. It needs no `minSamples`, and once reached it stays.
 * - `pass`: at least `minSamples` requests, and the upper bound of the confidence sequence is below `max` (no event when
 *   `max` is 0).
 * - `undecided`: neither.
 * - `no-data`: no request, or numbers that cannot be counts.
 *
 * Both are exact, also for few events and none. See `bets.ts` and `level-interval.ts` for the sources.
 */
export function judgeLevel(input: LevelInput): Judgement {
  return judgeShare('level', input);
}

/** {@link judgeLevel} under another name. */
export function judgeShare(test: string, { strata, max, alpha, minSamples, previous }: LevelInput): Judgement {
  const memory = recall(`${test} max=${max}`, previous);
  const flaw = flawOfParameters(alpha, minSamples) ?? flawOfMax(max) ?? flawOfStrata(memory.seen, strata);
  if (flaw !== undefined) {
    return noData(test, flaw, alpha, memory);
  }
  const counts = total(strata, 'candidate');
  const { n, events } = counts;
  if (n === 0) {
    return noData(test, 'the candidate has no requests', alpha, memory);
  }
  const added = strata.map((stratum) => since(find(memory.seen, stratum.name), stratum));
  const bets = betAbove(memory.bets, max, total(added, 'candidate'));
  const logRatio = Math.max(memory.logRatio, events >= LEAST_EVENTS ? lnCapital(bets) : 0);
  const { lower, upper } = levelInterval(n, events, alpha, max || RARE);
  const [outcome, reason] = decide(counts, { max, alpha, minSamples, logRatio, lower, upper });
  return {
    evidence: {
      test,
      outcome,
      reason,
      alpha,
      ...significance(logRatio, alpha),
      n,
      events,
      share: events / n,
      lower,
      upper,
      max,
      minSamples,
      strata: plain(strata),
    },
    state: { ...memory, logRatio, bets, seen: plain(update(memory.seen, strata)) },
  };
}

interface LevelState extends SequentialState {
  readonly bets: Bets;
  readonly seen: readonly Stratum[];
}

function recall(test: string, previous: SequentialState | undefined): LevelState {
  if (isOf(test, previous) && isBets(previous.bets) && areStrata(previous.seen, ['n', 'events'])) {
    return previous as LevelState;
  }
  return { test, logRatio: 0, bets: FIRST_BETS, seen: [] };
}

function flawOfMax(max: number): string | undefined {
  return max === 0 || isProbability(max) ? undefined : `max is ${max}, and must be from 0 to below 1`;
}

function betAbove(bets: Bets, max: number, added: ArmCounts): Bets {
  if (max === 0) {
    return bets;
  }
  const above = (harm: number) => Math.min(max + harm * max, 1 - (1 - max) / 8);
  const information = added.n * divergence(above(1), max);
  return settle(bets, information, (harm) => lnLikelihoodRatio(added, above(harm), max));
}

function decide(
  { n, events }: ArmCounts,
  found: { max: number; alpha: number; minSamples: number; logRatio: number; lower: number; upper: number },
): [Outcome, string] {
  const { max, lower, upper } = found;
  const seen = `${percent(events / n)} of ${n} requests`;
  if (max === 0 ? events > 0 : found.logRatio >= -Math.log(found.alpha)) {
    return ['fail', `${seen}: more than ${percent(max)} is shown`];
  }
  if (n < found.minSamples) {
    return ['undecided', `${seen}: at least ${found.minSamples} are needed`];
  }
  if (max === 0 || upper < max) {
    return ['pass', `${seen}: more than ${percent(max)} is excluded`];
  }
  return ['undecided', `${seen}: from ${percent(lower)} to ${percent(upper)} is possible, ${percent(max)} is allowed`];
}

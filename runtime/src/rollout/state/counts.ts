import { addMoments, type Moments, NO_MOMENTS } from '../statistics';

/** What was seen of one arm in an interval, or in a step so far. Requests, unless it says otherwise. */
export interface ArmCounts {
  /** Started: retries of the proxy are not counted again. */
  readonly started: number;

  /** Answered, by the arm or by the proxy for it. */
  readonly answered: number;

  /** Answered ones that failed: 5xx, 429 and the statuses of gRPC that mean the same. */
  readonly errors: number;

  /** Answered ones whose duration was measured. */
  readonly timed: number;

  /** Ended by the time limit of the proxy: answered, but not timed. */
  readonly timeouts: number;

  /** Ended without an answer: their clients had left. May be below 0 by what the reading of counters one by one misses. */
  readonly unanswered: number;

  /** Timed ones over a budget, by the budget in milliseconds. */
  readonly over: Readonly<Record<string, number>>;
}

/** What was compared in an interval, or in a step so far. */
export interface ComparisonCounts {
  readonly agreements: number;
  readonly disagreements: number;

  /** Not compared: one of the two did not answer with a prediction. */
  readonly failures: number;

  /** Not compared: too many waited. */
  readonly dropped: number;

  /** Not compared: answers of a form that is not understood. */
  readonly skipped: number;
}

/** Values of an outcome metric, of both versions. */
export interface OutcomeSums {
  readonly stable: Moments;
  readonly candidate: Moments;
}

/** Counts of all arms. */
export interface IntervalCounts {
  readonly stable: ArmCounts;
  readonly candidate: ArmCounts;

  /** Requests that were mirrored to the candidate. */
  readonly shadow: ArmCounts;

  /** Requests whose header led to the candidate: chosen ones, which no guardrail counts. */
  readonly pin: ArmCounts;
  readonly comparison: ComparisonCounts;

  /** By the name of the outcome metric; one without values may be absent. */
  readonly outcomes: Readonly<Record<string, OutcomeSums>>;
}

/** Counts of one arm in a step, from its beginning. */
export interface ArmSums extends ArmCounts {
  /** The largest {@link ArmCounts.started} so far: what is judged never becomes less. */
  readonly units: number;

  /** Requests that were not answered in time, or not at all: they are in no histogram. */
  readonly late: number;
}

/** Counts of a step from its beginning. Steps are never pooled. */
export interface StepCounts {
  /** Counts how often the step was started anew, so that each has a name of its own. */
  readonly round: number;
  readonly stable: ArmSums;
  readonly candidate: ArmSums;
  readonly shadow: ArmSums;
  readonly pin: ArmSums;
  readonly comparison: ComparisonCounts;
  readonly outcomes: IntervalCounts['outcomes'];
}

export const NO_COUNTS: ArmCounts = {
  started: 0,
  answered: 0,
  errors: 0,
  timed: 0,
  timeouts: 0,
  unanswered: 0,
  over: {},
};

export const NO_COMPARISONS: ComparisonCounts = {
  agreements: 0,
  disagreements: 0,
  failures: 0,
  dropped: 0,
  skipped: 0,
};

export const NO_OUTCOMES: OutcomeSums = { stable: NO_MOMENTS, candidate: NO_MOMENTS };

export const NO_SUMS: ArmSums = { ...NO_COUNTS, units: 0, late: 0 };

/** A step in which nothing was counted yet. */
export function emptyStep(round = 0): StepCounts {
  return {
    round,
    stable: NO_SUMS,
    candidate: NO_SUMS,
    shadow: NO_SUMS,
    pin: NO_SUMS,
    comparison: NO_COMPARISONS,
    outcomes: {},
  };
}

/** The counts of a step after an interval of it. */
export function addInterval(step: StepCounts, interval: IntervalCounts): StepCounts {
  return {
    round: step.round,
    stable: addArm(step.stable, interval.stable),
    candidate: addArm(step.candidate, interval.candidate),
    shadow: addArm(step.shadow, interval.shadow),
    pin: addArm(step.pin, interval.pin),
    comparison: addComparisons(step.comparison, interval.comparison),
    outcomes: addOutcomes(step.outcomes, interval.outcomes),
  };
}

/** Values of several pods or intervals together. */
export function addOutcomes(a: IntervalCounts['outcomes'], b: IntervalCounts['outcomes']): IntervalCounts['outcomes'] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(
    names.map((name) => {
      const [one, other] = [a[name] ?? NO_OUTCOMES, b[name] ?? NO_OUTCOMES];
      const sums: OutcomeSums = {
        stable: addMoments(one.stable, other.stable),
        candidate: addMoments(one.candidate, other.candidate),
      };
      return [name, sums];
    }),
  );
}

/** Counts of several clusters, pods or intervals together. */
export function addCounts(a: ArmCounts, b: ArmCounts): ArmCounts {
  const budgets = new Set([...Object.keys(a.over), ...Object.keys(b.over)]);
  return {
    started: a.started + b.started,
    answered: a.answered + b.answered,
    errors: a.errors + b.errors,
    timed: a.timed + b.timed,
    timeouts: a.timeouts + b.timeouts,
    unanswered: a.unanswered + b.unanswered,
    over: Object.fromEntries([...budgets].map((budget) => [budget, (a.over[budget] ?? 0) + (b.over[budget] ?? 0)])),
  };
}

function addComparisons(a: ComparisonCounts, b: ComparisonCounts): ComparisonCounts {
  return {
    agreements: a.agreements + b.agreements,
    disagreements: a.disagreements + b.disagreements,
    failures: a.failures + b.failures,
    dropped: a.dropped + b.dropped,
    skipped: a.skipped + b.skipped,
  };
}

function addArm(sums: ArmSums, interval: ArmCounts): ArmSums {
  const counts = addCounts(sums, interval);
  return {
    ...counts,
    units: Math.max(sums.units, counts.started),
    late: Math.max(sums.late, lateOf(counts)),
  };
}

/** So many requests, and so large a part of them, may seem unanswered because counters are read one after the other. */
const LEAST_BLUR = 20;
const BLUR = 0.02;

/**
 * Requests that were not answered in time, or not at all. Envoy adds up its histograms every few seconds only: as long as they lag
 * behind, the late ones are taken in the same part, else they would be nearly all of what is known at first.
 */
function lateOf({ started, answered, timed, timeouts, unanswered }: ArmCounts): number {
  const abandoned = Math.max(0, unanswered - LEAST_BLUR - BLUR * started);
  const inTime = answered - timeouts;
  return Math.floor((timeouts + abandoned) * (inTime > 0 ? Math.min(1, timed / inTime) : 1));
}

/**
 * What a test says.
 *
 * - `fail`: harm is shown, with an error probability of at most alpha over all looks together
 * - `pass`: there are enough samples, and harm that matters is excluded with the same error probability
 * - `undecided`: neither is shown yet
 * - `no-data`: there is nothing to judge, or what was given cannot be counts
 */
export type Outcome = 'pass' | 'fail' | 'undecided' | 'no-data';

/** What may stand in an {@link Evidence}: JSON without null; all numbers are finite. */
export type EvidenceValue =
  | number
  | string
  | boolean
  | readonly EvidenceValue[]
  | { readonly [name: string]: EvidenceValue };

/** A verdict with everything that it rests on, as plain JSON. Shares are from 0 to 1. */
export interface Evidence {
  /** Name of the test. */
  readonly test: string;
  readonly outcome: Outcome;

  /** Why, for people. */
  readonly reason: string;

  /** Probability of a wrong `fail`, over all looks together. */
  readonly alpha: number;

  readonly [name: string]: EvidenceValue;
}

/** Evidence of one look, and what the next one needs. */
export interface Judgement {
  readonly evidence: Evidence;
  readonly state: SequentialState;
}

/**
 * What a sequential test remembers between looks, as plain JSON.
 *
 * It belongs to one test of one guardrail. A state of another test or of other parameters is not continued: the test starts
 * anew, with all counts.
 */
export interface SequentialState {
  /** The test and its parameters. */
  readonly test: string;

  /** Largest log likelihood ratio against the candidate so far. */
  readonly logRatio: number;

  readonly [name: string]: unknown;
}

/** Judges that there is nothing to judge. The state stays what it was. */
export function noData(test: string, reason: string, alpha: number, state: SequentialState): Judgement {
  return { evidence: { test, outcome: 'no-data', reason, alpha: isProbability(alpha) ? alpha : 0 }, state };
}

/** Whether a state can be continued by a test. */
export function isOf(test: string, state: SequentialState | undefined): state is SequentialState {
  return state?.test === test && Number.isFinite(state.logRatio);
}

/** Why these cannot be parameters of a test; undefined when they can. */
export function flawOfParameters(alpha: number, minSamples: number): string | undefined {
  if (!isProbability(alpha)) {
    return `alpha is ${alpha}, and must lie between 0 and 1`;
  }
  return minSamples >= 0 ? undefined : `minSamples is ${minSamples}, and must be a count`;
}

/** Whether it lies between 0 and 1, both excluded. */
export function isProbability(value: number): boolean {
  return value > 0 && value < 1;
}

/** The numbers of a sequential test: always-valid p-value, 1 over the largest likelihood ratio, and what it is held against. */
export function significance(logRatio: number, alpha: number) {
  return { p: Math.min(1, Math.exp(-logRatio)), statistic: logRatio, threshold: -Math.log(alpha) };
}

import { isCount } from './counts';
import { chiSquareUpper, lnGamma } from './distributions';
import {
  flawOfParameters,
  isOf,
  type Judgement,
  noData,
  type Outcome,
  type SequentialState,
  significance,
} from './evidence';

/** Input of {@link judgeSampleRatio}. */
export interface SampleRatioInput {
  /** Units of each arm since the beginning: users where users are assigned, not their requests. */
  readonly observed: readonly number[];

  /** Weights of the arms, above 0; only their ratio counts. One call for each set of weights: a new step is a new test. */
  readonly expected: readonly number[];

  /** Probability of a wrong `fail` over all looks together. */
  readonly alpha: number;

  /**
   * The state of the look before.
   *
   * @default - this is the first one
   */
  readonly previous?: SequentialState;
}

/** How near to the expected shares the alternatives are: they have the prior of so many units. */
const CONCENTRATION = 100;

/** Every arm expects so many units before it passes: the rule of the chi-square test. */
const LEAST_EXPECTED = 5;

/**
 * Judges whether units come to the arms in the expected ratio. When they do not, nothing else that is measured can be trusted.
 *
 * - `fail`: the Bayes factor against the expected ratio is at least 1/alpha, which has at most probability alpha however
 *   often one looks. Once reached it stays.
 * - `pass`: no `fail`, and every arm expects 5 units.
 * - `undecided`: fewer.
 * - `no-data`: no unit, or numbers that cannot be counts.
 *
 * The evidence has the chi-square test of a single look as well, for people: it is not valid at many.
 *
 * Source: Lindon & Malek, Anytime-Valid Inference for Multinomial Count Data (2022).
 */
export function judgeSampleRatio({ observed, expected, alpha, previous }: SampleRatioInput): Judgement {
  const sum = expected.reduce((total, weight) => total + weight, 0);
  const shares = expected.map((weight) => weight / sum);
  const memory = recall(`sample-ratio ${shares.map((share) => share.toPrecision(12)).join(' ')}`, previous);
  const flaw = flawOfParameters(alpha, 0) ?? flawOfShares(shares) ?? flawOfCounts(observed, shares.length, memory.seen);
  if (flaw !== undefined) {
    return noData('sample-ratio', flaw, alpha, memory);
  }
  const n = observed.reduce((total, count) => total + count, 0);
  if (n === 0) {
    return noData('sample-ratio', 'there are no units', alpha, memory);
  }
  const logRatio = Math.max(memory.logRatio, lnBayesFactor(observed, shares));
  const chiSquare = observed.reduce(
    (total, count, arm) => total + (count - n * shares[arm]) ** 2 / (n * shares[arm]),
    0,
  );
  const [outcome, reason] = decide(logRatio >= -Math.log(alpha), n * Math.min(...shares));
  return {
    evidence: {
      test: 'sample-ratio',
      outcome,
      reason: `${observed.join(' : ')}, expected ${shares.map((share) => Math.round(n * share)).join(' : ')}: ${reason}`,
      alpha,
      ...significance(logRatio, alpha),
      chiSquare,
      chiSquareP: chiSquareUpper(chiSquare, shares.length - 1),
      n,
      observed: [...observed],
      shares,
    },
    state: { ...memory, logRatio, seen: [...observed] },
  };
}

interface SampleRatioState extends SequentialState {
  readonly seen: readonly number[];
}

function recall(test: string, previous: SequentialState | undefined): SampleRatioState {
  if (isOf(test, previous) && Array.isArray(previous.seen) && previous.seen.every(Number.isFinite)) {
    return previous as SampleRatioState;
  }
  return { test, logRatio: 0, seen: [] };
}

function flawOfShares(shares: readonly number[]): string | undefined {
  if (shares.length < 2) {
    return `there are ${shares.length} weights, and a ratio has two at least`;
  }
  return shares.every((share) => share > 0 && share < 1) ? undefined : 'a weight is not above 0';
}

function flawOfCounts(observed: readonly number[], arms: number, seen: readonly number[]): string | undefined {
  if (observed.length !== arms) {
    return `there are counts of ${observed.length} arms and weights of ${arms}`;
  }
  const wrong = observed.find((count) => !isCount(count));
  if (wrong !== undefined) {
    return `${wrong} is not a count`;
  }
  const less = observed.findIndex((count, arm) => count < (seen[arm] ?? 0));
  return less < 0 ? undefined : `a count has become less: ${observed[less]} after ${seen[less]}`;
}

/** ln of the likelihood of a Dirichlet mixture around the shares over that of the shares. */
function lnBayesFactor(observed: readonly number[], shares: readonly number[]): number {
  const n = observed.reduce((total, count) => total + count, 0);
  return observed.reduce(
    (sum, count, arm) => {
      const prior = CONCENTRATION * shares[arm];
      return sum + lnGamma(prior + count) - lnGamma(prior) - count * Math.log(shares[arm]);
    },
    lnGamma(CONCENTRATION) - lnGamma(CONCENTRATION + n),
  );
}

function decide(isMismatch: boolean, leastExpected: number): [Outcome, string] {
  if (isMismatch) {
    return ['fail', 'another ratio is shown'];
  }
  return leastExpected < LEAST_EXPECTED ? ['undecided', 'too few to judge'] : ['pass', 'no other ratio is shown'];
}

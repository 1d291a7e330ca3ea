import type { EvidenceValue } from './evidence';

/** Numbers of a fixed sample as plain JSON, for people: they decide nothing, because they are not valid at many looks. */
export interface Report {
  /** Name of the test. */
  readonly test: string;

  /** Why there are no numbers; absent = there are. */
  readonly noData?: string;

  readonly [name: string]: EvidenceValue | undefined;
}

/** A report without numbers. */
export function noReport(test: string, noData: string): Report {
  return { test, noData };
}

/** Two-sided p-value of a score of the standard normal distribution. */
export function twoSided(upperTail: (score: number) => number, score: number): number {
  return Math.min(1, 2 * upperTail(Math.abs(score)));
}

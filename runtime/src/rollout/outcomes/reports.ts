import type { OutcomeMetricConfig, RolloutConfig } from '../../contract';
import { addOutcomes, type IntervalCounts, NO_OUTCOMES } from '../state';
import type { Moments } from '../statistics';
import type { Outcome } from './read-outcomes';

/** What became of a reported value, or of a report. */
export const REPORT_OUTCOMES = ['accepted', 'ignored', 'refused'] as const;

export type ReportOutcome = (typeof REPORT_OUTCOMES)[number];

/** The metrics whose values applications report, by their names. */
export function reportedMetrics({ outcomes = [] }: RolloutConfig): ReadonlyMap<string, OutcomeMetricConfig> {
  return new Map(outcomes.filter(({ source }) => source === 'reported').map((metric) => [metric.name, metric]));
}

/** Adds up reported values until the next look. Its size is that of the declared metrics, however many values come. */
export class Reports {
  private sums: IntervalCounts['outcomes'] = {};

  constructor(private readonly config: RolloutConfig) {}

  /**
   * Counts values.
   *
   * @returns how many are of the two versions; others are of rollouts before this one
   */
  add(outcomes: readonly Outcome[]): number {
    const { stable, candidate } = this.config;
    let accepted = 0;
    for (const outcome of outcomes) {
      const arm =
        outcome.version === stable.version ? 'stable' : outcome.version === candidate.version ? 'candidate' : undefined;
      if (arm !== undefined) {
        accepted += 1;
        const sums = { [outcome.metric.name]: { ...NO_OUTCOMES, [arm]: momentsOf(outcome) } };
        this.sums = addOutcomes(this.sums, sums);
      }
    }
    return accepted;
  }

  /** What came since it was asked before. */
  take(): IntervalCounts['outcomes'] {
    const { sums } = this;
    this.sums = {};
    return sums;
  }
}

function momentsOf({ metric, value, denominator }: Outcome): Moments {
  const { cap = Number.POSITIVE_INFINITY, ratio } = metric;
  const capped = Math.min(cap, Math.max(-cap, value));
  return {
    n: 1,
    sum: capped,
    sumSquares: capped * capped,
    ...(ratio === true && {
      denominator: { sum: denominator, sumSquares: denominator * denominator, sumProducts: capped * denominator },
    }),
  };
}

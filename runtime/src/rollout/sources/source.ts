import type { RolloutConfig } from '../../contract';
import type { ArmCounts } from '../state';

/** Counts of the arms in an interval, without comparisons. */
export interface ArmsCounts {
  readonly stable: ArmCounts;
  readonly candidate: ArmCounts;
  readonly shadow: ArmCounts;
  readonly pin: ArmCounts;
}

/** What a source says was counted since it was asked before. */
export interface SourceReading {
  /** Absent = that is not known. */
  readonly counts?: ArmsCounts;

  /** Why not. */
  readonly missing?: string;

  /** How old the counts may be. */
  readonly ageMillis: number;
}

/** Where counts come from. */
export interface CountsSource {
  /**
   * Reads the counters. Never rejects: what cannot be read is missing.
   *
   * @param proxies how many proxies there are; absent = that is not known
   */
  read(proxies: number | undefined, signal: AbortSignal): Promise<SourceReading>;
}

/** Clusters of each arm. */
export function clustersOf({
  stable,
  candidate,
}: RolloutConfig): Readonly<Record<keyof ArmsCounts, readonly string[]>> {
  return {
    stable: stable.clusters,
    candidate: candidate.clusters,
    shadow: candidate.shadowClusters,
    pin: candidate.pinClusters ?? [],
  };
}

/** Edges of histograms that guardrails need, in milliseconds. */
export function budgetsOf({ guardrails }: RolloutConfig): number[] {
  return [...new Set(guardrails.flatMap(({ budgetMillis }) => (budgetMillis === undefined ? [] : [budgetMillis])))];
}

import { PORTS, type RolloutConfig, type RolloutSplit } from '../contract';
import type { Clock } from './clock';
import type { FindPods } from './http';
import type { Look, PersonRequest } from './machine';
import type { OutcomeReading } from './outcomes';
import type { Proxies } from './proxies';
import type { CountsSource } from './sources';
import type { ComparisonCounts, Holder } from './state';
import type { Report } from './statistics';

/** Where compared answers are counted. */
export interface ComparisonSource {
  /** What was compared since it was asked before. */
  take(): ComparisonCounts;

  /** Numbers for people. */
  report(): Report[];
}

/** Where values of outcome metrics come from. */
export interface OutcomeValues {
  /** Values since it was asked before. Never rejects. */
  read(signal: AbortSignal): Promise<OutcomeReading>;

  /** The next reading begins anew. */
  forget(): void;
}

/** Options of {@link Observer}. */
export interface ObserverOptions {
  readonly config: RolloutConfig;
  readonly clock: Clock;
  readonly source: CountsSource;
  readonly proxies: Proxies;
  readonly comparisons: ComparisonSource;
  readonly outcomes: OutcomeValues;
  readonly findPods: FindPods;
}

/** A gap of so many intervals was not looked at: proxies may have done anything in it. */
const MOST_INTERVALS = 3;
const LEAST_GAP_MILLIS = 15_000;
const READY_MILLIS = 3000;

/** What was seen at the look before. */
interface Before {
  readonly at: number;

  /** The revision that all proxies served, and since when. */
  readonly applied?: { readonly revision: number; readonly since: number };

  /** Whether counts that begin at this look are of that revision alone. */
  readonly isBaseline: boolean;
}

/** Sees everything at once, and remembers when it looked before. */
export class Observer {
  private before: Before | undefined;

  constructor(private readonly options: ObserverOptions) {}

  /** The next look is the first one. */
  forget(): void {
    this.before = undefined;
    this.options.comparisons.take();
    this.options.outcomes.forget();
  }

  async look(
    split: RolloutSplit | undefined,
    holder: Holder,
    requests: readonly PersonRequest[],
    signal: AbortSignal,
  ): Promise<Look> {
    const { config, clock, source, proxies, comparisons, outcomes } = this.options;
    const wanted = split ?? noSplit(config);
    const ready = this.ready(signal);
    // The proxies first: counts that begin after they were seen to serve the split are of it alone.
    const view = await proxies.look(wanted, signal);
    const at = clock.monotonic();
    const [reading, came] = await Promise.all([source.read(view.all, signal), outcomes.read(signal)]);
    const comparison = comparisons.take();
    const { before } = this;
    const applied = view.isApplied ? this.appliedSince(wanted.revision, at) : undefined;
    const isBaseline = applied !== undefined && reading.counts !== undefined && at - reading.ageMillis >= applied.since;
    this.before = { at, isBaseline, ...(applied === undefined ? {} : { applied }) };
    const elapsed = before === undefined ? 0 : at - before.at;
    const isGap = elapsed > Math.max(LEAST_GAP_MILLIS, MOST_INTERVALS * config.intervalMillis);
    const isContinuous =
      !isGap && before?.isBaseline === true && isBaseline && before.applied?.revision === applied?.revision;
    return {
      holder,
      elapsedMillis: isGap ? 0 : Math.max(0, elapsed),
      revision: wanted.revision,
      proxies: view,
      isContinuous,
      ...(reading.counts === undefined ? {} : { counts: { ...reading.counts, comparison, outcomes: came.outcomes } }),
      ...(reading.missing === undefined ? {} : { missing: reading.missing }),
      ...(came.missing === undefined ? {} : { missingOutcomes: came.missing }),
      ready: await ready,
      requests,
      ...(wanted.comparison > 0 ? { reports: comparisons.report() } : {}),
    };
  }

  private appliedSince(revision: number, at: number): Before['applied'] {
    const applied = this.before?.applied;
    return applied?.revision === revision ? applied : { revision, since: at };
  }

  private async ready(signal: AbortSignal): Promise<Look['ready']> {
    const { stable, candidate } = this.options.config;
    const [stableReady, candidateReady] = await Promise.all([
      this.countPods(stable.podsHost, signal),
      this.countPods(candidate.podsHost, signal),
    ]);
    return {
      ...(stableReady === undefined ? {} : { stable: stableReady }),
      ...(candidateReady === undefined ? {} : { candidate: candidateReady }),
    };
  }

  private async countPods(host: string, signal: AbortSignal): Promise<number | undefined> {
    const request = { timeoutMillis: READY_MILLIS, signal };
    return this.options.findPods(host, PORTS.http, request).then(
      (pods) => pods.length,
      () => undefined,
    );
  }
}

function noSplit({ stable, candidate }: RolloutConfig): RolloutSplit {
  return {
    revision: 0,
    stable: stable.version,
    candidate: candidate.version,
    candidateWeight: 0,
    mirror: 0,
    comparison: 0,
    pinned: false,
  };
}

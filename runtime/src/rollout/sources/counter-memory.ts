import type { RolloutConfig } from '../../contract';
import { addCounts, NO_COUNTS } from '../state';
import { deltaOf, isReset } from './cluster-delta';
import type { ProxyReading } from './cluster-reading';
import { type ArmsCounts, budgetsOf, clustersOf } from './source';

/**
 * Remembers the counters of each proxy, and says by how much they grew.
 *
 * The first sight of a proxy is where its counting begins; so what happened while nobody looked is not counted. A proxy that was
 * restarted counts from 0, and one that could not be read begins anew.
 */
export class CounterMemory {
  private readonly before = new Map<string, ProxyReading>();
  private readonly arms: ReturnType<typeof clustersOf>;
  private readonly budgets: readonly number[];

  /** Clusters whose counters are needed. */
  readonly clusters: ReadonlySet<string>;

  constructor(config: RolloutConfig) {
    this.arms = clustersOf(config);
    this.budgets = budgetsOf(config);
    this.clusters = new Set(Object.values(this.arms).flat());
  }

  /** Forgets all proxies but these. */
  keepOnly(proxies: readonly string[]): void {
    for (const proxy of this.before.keys()) {
      if (!proxies.includes(proxy)) {
        this.before.delete(proxy);
      }
    }
  }

  /**
   * By how much the counters of a proxy grew since it was seen before.
   *
   * @throws Error when the proxy lacks a cluster, or an edge of a histogram
   */
  grown(proxy: string, now: ProxyReading): ArmsCounts {
    const before = this.before.get(proxy);
    this.before.delete(proxy);
    const lacking = [...this.clusters].filter(
      (cluster) => now.clusters.get(cluster)?.counters.get('attempts') === undefined,
    );
    if (lacking.length > 0) {
      throw new Error(`the proxy has no counters of ${lacking.join(', ')}`);
    }
    const start = before !== undefined && isRestarted(now, before) ? 'restarted' : before;
    const sum = (clusters: readonly string[]) =>
      clusters
        .map((cluster) => {
          const reading = now.clusters.get(cluster);
          const from = start === 'restarted' ? undefined : start?.clusters.get(cluster);
          // The first sight is held against itself: nothing grew, and a missing edge is found all the same.
          return reading === undefined
            ? NO_COUNTS
            : deltaOf(reading, start === undefined ? reading : from, this.budgets);
        })
        .reduce(addCounts, NO_COUNTS);
    const { stable, candidate, shadow, pin } = this.arms;
    const counts = { stable: sum(stable), candidate: sum(candidate), shadow: sum(shadow), pin: sum(pin) };
    this.before.set(proxy, now);
    return counts;
  }
}

function isRestarted(now: ProxyReading, before: ProxyReading): boolean {
  return (
    (now.uptime ?? 0) < (before.uptime ?? 0) ||
    [...before.clusters].some(([cluster, reading]) => {
      const other = now.clusters.get(cluster);
      return other !== undefined && isReset(other, reading);
    })
  );
}

/** Counts of all proxies together. */
export function addArms(a: ArmsCounts, b: ArmsCounts): ArmsCounts {
  return {
    stable: addCounts(a.stable, b.stable),
    candidate: addCounts(a.candidate, b.candidate),
    shadow: addCounts(a.shadow, b.shadow),
    pin: addCounts(a.pin, b.pin),
  };
}

export const NO_ARMS: ArmsCounts = { stable: NO_COUNTS, candidate: NO_COUNTS, shadow: NO_COUNTS, pin: NO_COUNTS };

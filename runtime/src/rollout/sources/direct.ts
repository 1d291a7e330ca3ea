import { GATEWAY_PATHS, type RolloutConfig } from '../../contract';
import type { PodAddress } from '../../kubernetes-api';
import { errorMessage } from '../../telemetry';
import { type FindPods, fetchText, nameOf, urlOf } from '../http';
import { isWanted, readProxy } from './cluster-reading';
import { addArms, CounterMemory, NO_ARMS } from './counter-memory';
import { readSamples } from './prometheus-text';
import type { CountsSource, SourceReading } from './source';

/**
 * Reads the counters of each proxy itself. They are exact: nothing is extrapolated.
 *
 * One proxy that cannot be read makes the counts of the interval missing, since what it did in it is not known.
 */
export class DirectSource implements CountsSource {
  private readonly memory: CounterMemory;

  constructor(
    private readonly config: RolloutConfig,
    private readonly findPods: FindPods,
  ) {
    this.memory = new CounterMemory(config);
  }

  async read(_proxies: number | undefined, signal: AbortSignal): Promise<SourceReading> {
    const { gateway, metrics } = this.config;
    let pods: readonly PodAddress[];
    try {
      pods = await this.findPods(gateway.podsHost, gateway.metricsPort, {
        timeoutMillis: metrics.timeoutMillis,
        signal,
      });
    } catch (error) {
      this.memory.keepOnly([]);
      return missing(`the proxies are not known (${errorMessage(error)})`);
    }
    this.memory.keepOnly(pods.map(nameOf));
    if (pods.length === 0) {
      return missing('there are no proxies');
    }
    const found = await Promise.all(pods.map((pod) => this.readPod(pod, signal)));
    const failures = found.flatMap((one) => (typeof one === 'string' ? [one] : []));
    if (failures.length > 0) {
      this.memory.keepOnly(pods.map(nameOf).filter((_, index) => typeof found[index] !== 'string'));
      return missing(failures.join('; '));
    }
    return {
      counts: found.flatMap((one) => (typeof one === 'string' ? [] : [one])).reduce(addArms, NO_ARMS),
      ageMillis: 0,
    };
  }

  /** @returns what grew, or why that is not known */
  private async readPod(pod: PodAddress, signal: AbortSignal) {
    try {
      const url = urlOf(pod, GATEWAY_PATHS.proxyMetrics);
      const text = await fetchText(url, { timeoutMillis: this.config.metrics.timeoutMillis, signal });
      return this.memory.grown(nameOf(pod), readProxy(readSamples(text, isWanted), this.memory.clusters));
    } catch (error) {
      return `proxy ${nameOf(pod)}: ${errorMessage(error)}`;
    }
  }
}

function missing(why: string): SourceReading {
  return { missing: why, ageMillis: 0 };
}

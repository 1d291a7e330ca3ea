import * as z from 'zod';
import type { RolloutConfig } from '../../contract';
import { errorMessage } from '../../telemetry';
import { fetchText } from '../http';
import { readProxy, selectorOf } from './cluster-reading';
import { addArms, CounterMemory, NO_ARMS } from './counter-memory';
import type { Sample } from './prometheus-text';
import type { CountsSource, SourceReading } from './source';

const answer = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** Values older than this many looks are missing data. */
const MOST_LOOKS = 3;
const LEAST_AGE_MILLIS = 120_000;

/**
 * Asks Prometheus for the raw counters of the proxies, and takes the differences itself: `increase()` extrapolates, and a ratio of
 * rates is empty or NaN where nothing failed or nothing came. The series are told apart by their label `instance`.
 *
 * No series, fewer proxies than there are, or values that have not been renewed for long are missing data.
 */
export class PrometheusSource implements CountsSource {
  private readonly memory: CounterMemory;

  constructor(private readonly config: RolloutConfig) {
    this.memory = new CounterMemory(config);
  }

  async read(proxies: number | undefined, signal: AbortSignal): Promise<SourceReading> {
    try {
      const clusters = [...this.memory.clusters];
      const selector = selectorOf(clusters);
      const total = selectorOf(clusters).replace(/^\{__name__=~"[^"]*",/, 'envoy_cluster_upstream_rq_total{');
      const [samples, ages] = await Promise.all([
        this.query(selector, signal),
        this.query(`time() - timestamp(${total})`, signal),
      ]);
      return this.readingOf(samples, ages, proxies);
    } catch (error) {
      this.memory.keepOnly([]);
      return { missing: `Prometheus: ${errorMessage(error)}`, ageMillis: 0 };
    }
  }

  private readingOf(samples: readonly Sample[], ages: readonly Sample[], proxies: number | undefined): SourceReading {
    const instances = [...new Set(samples.map(instanceOf))];
    this.memory.keepOnly(instances);
    if (instances.length === 0 || instances.length < (proxies ?? 0)) {
      throw new Error(`it has series of ${instances.length} proxies, of ${proxies ?? 'at least 1'}`);
    }
    const ageMillis = Math.max(0, ...ages.map(({ value }) => value)) * 1000;
    const most = Math.max(LEAST_AGE_MILLIS, MOST_LOOKS * this.config.intervalMillis);
    if (ages.length === 0 || ageMillis > most) {
      throw new Error(`its values are ${ages.length === 0 ? 'of unknown age' : `${ageMillis / 1000} s old`}`);
    }
    const counts = instances
      .map((instance) => {
        const own = samples.filter((sample) => instanceOf(sample) === instance);
        return this.memory.grown(instance, readProxy(own, this.memory.clusters));
      })
      .reduce(addArms, NO_ARMS);
    return { counts, ageMillis };
  }

  private async query(query: string, signal: AbortSignal): Promise<Sample[]> {
    const { url = '', timeoutMillis } = this.config.metrics;
    const text = await fetchText(`${url.replace(/\/+$/, '')}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query }),
      timeoutMillis,
      signal,
    });
    const parsed = answer.safeParse(JSON.parse(text));
    if (!parsed.success) {
      throw new Error('its answer is not a vector');
    }
    return parsed.data.data.result.flatMap(({ metric, value }) => {
      const { __name__: name = '', ...labels } = metric;
      const number = Number(value[1]);
      return Number.isFinite(number) ? [{ name, labels, value: number }] : [];
    });
  }
}

function instanceOf({ labels }: Sample): string {
  return labels.instance ?? labels.pod ?? '';
}

import type { RolloutConfig } from '../../contract';
import { errorMessage } from '../../telemetry';
import { ATTEMPTS, readProxy, selectorOf } from './cluster-reading';
import { addArms, CounterMemory, NO_ARMS } from './counter-memory';
import { queryPrometheus, type VectorValue } from './prometheus-query';
import type { Sample } from './prometheus-text';
import type { CountsSource, SourceReading } from './source';

/** Label of the ages of the series among them. */
const AGE_LABEL = 'model_serving_age';

/** Values older than this many looks are missing data. */
const MOST_LOOKS = 3;
const LEAST_AGE_MILLIS = 120_000;

/**
 * Asks Prometheus for the raw counters of the proxies, and takes the differences itself: `increase()` extrapolates, and a ratio of
 * rates is empty or NaN where nothing failed or nothing came. The series are told apart by their label `instance`.
 *
 * No series, fewer or more proxies than there are, or values that have not been renewed for long are missing data.
 */
export class PrometheusSource implements CountsSource {
  private readonly memory: CounterMemory;

  constructor(private readonly config: RolloutConfig) {
    this.memory = new CounterMemory(config);
  }

  async read(proxies: number | undefined, signal: AbortSignal): Promise<SourceReading> {
    try {
      const { url = '', timeoutMillis } = this.config.metrics;
      const values = await queryPrometheus(this.query(), { url, timeoutMillis, signal });
      const samples = values.flatMap(sampleOf);
      const isAge = ({ labels }: Sample) => labels[AGE_LABEL] !== undefined;
      return this.readingOf(
        samples.filter((sample) => !isAge(sample)),
        samples.filter(isAge),
        proxies,
      );
    } catch (error) {
      this.memory.keepOnly([]);
      return { missing: `Prometheus: ${errorMessage(error)}`, ageMillis: 0 };
    }
  }

  private readingOf(samples: readonly Sample[], ages: readonly Sample[], proxies: number | undefined): SourceReading {
    const instances = [...new Set(samples.map(instanceOf))];
    this.memory.keepOnly(instances);
    // More are those of another gateway, whose models are called alike, or of a proxy that has just ended.
    if (instances.length === 0 || instances.length !== (proxies ?? instances.length)) {
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

  /** The counters and how old they are, in one query: between two a scrape may come, and old counters would look young. */
  private query(): string {
    const { labels } = this.config.metrics;
    const clusters = [...this.memory.clusters];
    const ages = `time() - timestamp(${selectorOf(clusters, labels, ATTEMPTS)})`;
    return `${selectorOf(clusters, labels)} or label_replace(${ages},"${AGE_LABEL}","1","","")`;
  }
}

function sampleOf({ labels: { __name__: name = '', ...labels }, value }: VectorValue): Sample[] {
  return Number.isFinite(value) ? [{ name, labels, value }] : [];
}

function instanceOf({ labels }: Sample): string {
  return labels.instance ?? labels.pod ?? '';
}

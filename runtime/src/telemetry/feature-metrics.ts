import { Gauge, type Registry } from 'prom-client';
import { METRIC_LABELS, METRICS } from '../contract';
import { type Cell, CellMetric, cells } from './cell-metric';
import { CellHistogram, type HistogramCell } from './histogram';

const STORE_OUTCOMES = ['ok', 'error', 'timeout', 'refused'] as const;

const FEATURE_OUTCOMES = ['found', 'missing', 'stale', 'invalid', 'unavailable'] as const;

/** How a round trip to the feature store ended; `refused` = it was not tried. */
export type StoreOutcome = (typeof STORE_OUTCOMES)[number];

/** Where the value of a feature came from, or why its default was used. */
export type FeatureOutcome = (typeof FEATURE_OUTCOMES)[number];

/** What is measured of the feature lookup of one model version. */
export interface FeatureMeter {
  /** Round trips to the store, by how they ended. */
  readonly requests: Readonly<Record<StoreOutcome, Cell>>;

  /** Seconds of a round trip, until its answer or its time-out. */
  readonly seconds: HistogramCell;

  /** Round trips that were tried again. */
  readonly retries: Cell;

  /** Values by outcome, in the order of the declared features. */
  readonly features: readonly Readonly<Record<FeatureOutcome, Cell>>[];

  /** Whether there is a connection to the store. */
  setConnected(connected: boolean): void;
}

const { model: MODEL, version: VERSION, feature: FEATURE, outcome: OUTCOME } = METRIC_LABELS;
const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** The metrics of feature lookups. One for each process, made when a model declares one. */
export class FeatureMetrics {
  private readonly requests: CellMetric<string>;
  private readonly seconds: CellHistogram<string>;
  private readonly retries: CellMetric<string>;
  private readonly features: CellMetric<string>;
  private readonly connected: Gauge;

  constructor(registry: Registry) {
    this.requests = new CellMetric({
      type: 'counter',
      name: METRICS.featureStoreRequests,
      help: 'Round trips to the feature store, by how they ended.',
      registry,
    });
    this.seconds = new CellHistogram({
      name: METRICS.featureStoreDuration,
      help: 'One round trip to the feature store, in seconds.',
      bounds: SECONDS,
      registry,
    });
    this.retries = new CellMetric({
      type: 'counter',
      name: METRICS.featureStoreRetries,
      help: 'Round trips to the feature store that were tried again.',
      registry,
    });
    this.features = new CellMetric({
      type: 'counter',
      name: METRICS.features,
      help: 'Values of features, one a row, by where they came from.',
      registry,
    });
    this.connected = new Gauge({
      name: METRICS.featureStoreConnected,
      help: '1 when there is a connection to the feature store, else 0.',
      labelNames: [MODEL, VERSION],
      registers: [registry],
    });
  }

  /** Makes the series of a model version. Call it once for each. */
  forModel(name: string, version: string, features: readonly string[]): FeatureMeter {
    const labels = { [MODEL]: name, [VERSION]: version };
    this.connected.set(labels, 0);
    const byFeature = new Map<string, FeatureMeter['features'][number]>();
    // One field may fill several inputs: it has one series all the same.
    const outcomesOf = (feature: string) => {
      const outcomes = cells(this.features, { ...labels, [FEATURE]: feature }, OUTCOME, FEATURE_OUTCOMES);
      byFeature.set(feature, outcomes);
      return outcomes;
    };
    return {
      requests: cells(this.requests, labels, OUTCOME, STORE_OUTCOMES),
      seconds: this.seconds.cell(labels),
      retries: this.retries.cell(labels),
      features: features.map((feature) => byFeature.get(feature) ?? outcomesOf(feature)),
      setConnected: (connected) => this.connected.set(labels, connected ? 1 : 0),
    };
  }
}

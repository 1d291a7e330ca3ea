import type { Registry } from 'prom-client';
import { METRIC_LABELS, METRICS } from '../contract';
import { type Cell, CellMetric, cells } from './cell-metric';
import { type StoreMeter, StoreMetrics } from './store-metrics';

const FEATURE_OUTCOMES = ['found', 'missing', 'stale', 'invalid', 'unavailable'] as const;

/** Where the value of a feature came from, or why its default was used. */
export type FeatureOutcome = (typeof FEATURE_OUTCOMES)[number];

/** What is measured of the feature lookup of one model version. */
export interface FeatureMeter extends StoreMeter {
  /** Values by outcome, in the order of the declared features. */
  readonly features: readonly Readonly<Record<FeatureOutcome, Cell>>[];
}

const { model: MODEL, version: VERSION, feature: FEATURE, outcome: OUTCOME } = METRIC_LABELS;

/** The metrics of feature lookups. One for each process, made when a model declares one. */
export class FeatureMetrics {
  private readonly store: StoreMetrics;
  private readonly features: CellMetric<string>;

  constructor(registry: Registry) {
    const names = {
      requests: METRICS.featureStoreRequests,
      duration: METRICS.featureStoreDuration,
      retries: METRICS.featureStoreRetries,
      connected: METRICS.featureStoreConnected,
    };
    this.store = new StoreMetrics(registry, names, 'feature store');
    this.features = new CellMetric({
      type: 'counter',
      name: METRICS.features,
      help: 'Values of features, one a row, by where they came from.',
      registry,
    });
  }

  /** Makes the series of a model version. Call it once for each. */
  forModel(name: string, version: string, features: readonly string[]): FeatureMeter {
    const labels = { [MODEL]: name, [VERSION]: version };
    const byFeature = new Map<string, FeatureMeter['features'][number]>();
    // One field may fill several inputs: it has one series all the same.
    const outcomesOf = (feature: string) => {
      const outcomes = cells(this.features, { ...labels, [FEATURE]: feature }, OUTCOME, FEATURE_OUTCOMES);
      byFeature.set(feature, outcomes);
      return outcomes;
    };
    return {
      ...this.store.forModel(name, version),
      features: features.map((feature) => byFeature.get(feature) ?? outcomesOf(feature)),
    };
  }
}

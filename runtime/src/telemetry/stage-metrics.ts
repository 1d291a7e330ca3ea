import type { Registry } from 'prom-client';
import { BreakerMetrics, type Dependency } from './breaker-metrics';
import { type FallbackMeter, FallbackMetrics } from './fallback-metrics';
import { type FeatureMeter, FeatureMetrics } from './feature-metrics';
import { type PredictionLogMeter, PredictionLogMetrics } from './prediction-log-metrics';

/** The metrics of the stages around models. They are exposed from the time that a model declares the stage. */
export class StageMetrics {
  private featureMetrics: FeatureMetrics | undefined;
  private fallbackMetrics: FallbackMetrics | undefined;
  private predictionLogMetrics: PredictionLogMetrics | undefined;
  private breakerMetrics: BreakerMetrics | undefined;

  /** Meters by kind and model version: one that is loaded again goes on counting. */
  private readonly meters = new Map<string, unknown>();

  constructor(private readonly registry: Registry) {}

  /** Meter of a feature lookup. */
  features(name: string, version: string, features: readonly string[]): FeatureMeter {
    this.featureMetrics ??= new FeatureMetrics(this.registry);
    const metrics = this.featureMetrics;
    return this.once(['features', name, version, ...features], () => metrics.forModel(name, version, features));
  }

  /** Meter of a fallback. */
  fallback(name: string, version: string, source: string): FallbackMeter {
    this.fallbackMetrics ??= new FallbackMetrics(this.registry);
    const metrics = this.fallbackMetrics;
    return this.once(['fallback', name, version, source], () => metrics.forModel(name, version, source));
  }

  /** Meter of a prediction log. */
  predictionLog(name: string, version: string): PredictionLogMeter {
    this.predictionLogMetrics ??= new PredictionLogMetrics(this.registry);
    const metrics = this.predictionLogMetrics;
    return this.once(['log', name, version], () => metrics.forModel(name, version));
  }

  /** Takes the states of a circuit breaker. */
  breaker(name: string, version: string, dependency: Dependency): ReturnType<BreakerMetrics['forModel']> {
    this.breakerMetrics ??= new BreakerMetrics(this.registry);
    return this.breakerMetrics.forModel(name, version, dependency);
  }

  private once<Meter>(key: readonly string[], make: () => Meter): Meter {
    const text = JSON.stringify(key);
    const meter = (this.meters.get(text) as Meter | undefined) ?? make();
    this.meters.set(text, meter);
    return meter;
  }
}

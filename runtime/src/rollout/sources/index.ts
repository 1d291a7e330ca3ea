import type { RolloutConfig } from '../../contract';
import type { FindPods } from '../http';
import { DirectSource } from './direct';
import { PrometheusSource } from './prometheus';
import type { CountsSource } from './source';

export { queryPrometheus, type VectorValue } from './prometheus-query';
export type { CountsSource, SourceReading } from './source';

/** The source that a configuration names. */
export function sourceOf(config: RolloutConfig, findPods: FindPods): CountsSource {
  return config.metrics.type === 'prometheus' ? new PrometheusSource(config) : new DirectSource(config, findPods);
}

import type { RolloutConfig } from '../../contract';
import { errorMessage } from '../../telemetry';
import { addOutcomes, type IntervalCounts } from '../state';
import { PrometheusMetric } from './prometheus';
import type { Reports } from './reports';

/** Values of the outcome metrics since they were asked for before. */
export interface OutcomeReading {
  readonly outcomes: IntervalCounts['outcomes'];

  /** Why those of a metric are missing. */
  readonly missing?: string;
}

/** Where values of outcome metrics come from: applications, and Prometheus. */
export class OutcomeSource {
  private readonly asked: ReadonlyMap<string, PrometheusMetric>;

  constructor(
    config: RolloutConfig,
    private readonly reports: Reports,
  ) {
    const metrics = (config.outcomes ?? []).filter(({ source }) => source === 'prometheus');
    this.asked = new Map(metrics.map((metric) => [metric.name, new PrometheusMetric(metric, config)]));
  }

  /** Reads them. Never rejects: what cannot be read is missing. */
  async read(signal: AbortSignal): Promise<OutcomeReading> {
    const reported = this.reports.take();
    const readings = await Promise.all(
      [...this.asked].map(([name, metric]) =>
        metric.read(signal).catch((error: unknown) => `outcome ${name} of Prometheus: ${errorMessage(error)}`),
      ),
    );
    const missing = readings.filter((reading) => typeof reading === 'string').join('; ');
    return {
      outcomes: readings.filter((reading) => typeof reading !== 'string').reduce(addOutcomes, reported),
      ...(missing === '' ? {} : { missing }),
    };
  }

  /** Forgets what was seen: the next reading begins anew. */
  forget(): void {
    this.reports.take();
    for (const metric of this.asked.values()) {
      metric.forget();
    }
  }
}

import type { Registry } from 'prom-client';
import { METRIC_LABELS, METRICS } from '../contract';
import { type Cell, CellMetric, cells } from './cell-metric';

const FALLBACK_REASONS = ['error', 'overloaded', 'unavailable', 'deadline'] as const;

/** Why a fallback was asked. */
export type FallbackReason = (typeof FALLBACK_REASONS)[number];

/** What is measured of the fallback of one model version. */
export interface FallbackMeter {
  /** Requests that the fallback answered. */
  readonly answered: Readonly<Record<FallbackReason, Cell>>;

  /** Requests that it could not answer either. */
  readonly unanswered: Readonly<Record<FallbackReason, Cell>>;
}

const { model: MODEL, version: VERSION, source: SOURCE, reason: REASON } = METRIC_LABELS;

/** The metrics of fallbacks. One for each process, made when a model declares one. */
export class FallbackMetrics {
  private readonly answered: CellMetric<string>;
  private readonly unanswered: CellMetric<string>;

  constructor(registry: Registry) {
    this.answered = new CellMetric({
      type: 'counter',
      name: METRICS.fallbackAnswers,
      help: 'Requests that the fallback answered, by what answered and why.',
      registry,
    });
    this.unanswered = new CellMetric({
      type: 'counter',
      name: METRICS.fallbackFailures,
      help: 'Requests that the fallback could not answer either.',
      registry,
    });
  }

  /** Makes the series of a model version. Call it once for each. */
  forModel(name: string, version: string, source: string): FallbackMeter {
    const labels = { [MODEL]: name, [VERSION]: version, [SOURCE]: source };
    return {
      answered: cells(this.answered, labels, REASON, FALLBACK_REASONS),
      unanswered: cells(this.unanswered, labels, REASON, FALLBACK_REASONS),
    };
  }
}

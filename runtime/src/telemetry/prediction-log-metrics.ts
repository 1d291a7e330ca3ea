import { Gauge, type Registry } from 'prom-client';
import { METRIC_LABELS, METRICS } from '../contract';
import { type Cell, CellMetric, cells } from './cell-metric';

const EVENT_OUTCOMES = ['written', 'dropped', 'failed'] as const;

/** What became of an event; `dropped` = too many waited, `failed` = its sink did not take it. */
export type EventOutcome = (typeof EVENT_OUTCOMES)[number];

/** What is measured of the prediction log of one model version. */
export interface PredictionLogMeter {
  readonly events: Readonly<Record<EventOutcome, Cell>>;

  /** Events that wait. */
  setQueued(events: number): void;
}

const { model: MODEL, version: VERSION, outcome: OUTCOME } = METRIC_LABELS;

/** The metrics of prediction logs. One for each process, made when a model declares one. */
export class PredictionLogMetrics {
  private readonly events: CellMetric<string>;
  private readonly queued: Gauge;

  constructor(registry: Registry) {
    this.events = new CellMetric({
      type: 'counter',
      name: METRICS.predictionLogEvents,
      help: 'Events of the prediction log, by what became of them.',
      registry,
    });
    this.queued = new Gauge({
      name: METRICS.predictionLogQueue,
      help: 'Events of the prediction log that wait.',
      labelNames: [MODEL, VERSION],
      registers: [registry],
    });
  }

  /** Makes the series of a model version. Call it once for each. */
  forModel(name: string, version: string): PredictionLogMeter {
    const labels = { [MODEL]: name, [VERSION]: version };
    this.queued.set(labels, 0);
    return {
      events: cells(this.events, labels, OUTCOME, EVENT_OUTCOMES),
      setQueued: (events) => this.queued.set(labels, events),
    };
  }
}

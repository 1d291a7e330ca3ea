import { Gauge, type Registry } from 'prom-client';
import { METRIC_LABELS } from '../contract';
import { type Cell, CellMetric, cells } from './cell-metric';
import { CellHistogram, type HistogramCell } from './histogram';

const OUTCOMES = ['ok', 'error', 'timeout', 'refused'] as const;

/** How a round trip to a store ended; `refused` = it was not tried. */
export type StoreOutcome = (typeof OUTCOMES)[number];

/** What is measured of the round trips of one model version to its store. */
export interface StoreMeter {
  /** Round trips to the store, by how they ended. */
  readonly requests: Readonly<Record<StoreOutcome, Cell>>;

  /** Seconds of a round trip, until its answer or its time-out. */
  readonly seconds: HistogramCell;

  /** Round trips that were tried again. */
  readonly retries: Cell;

  /** Whether there is a connection to the store. */
  setConnected(connected: boolean): void;
}

/** Names of the metrics of one kind of store. */
export interface StoreMetricNames {
  readonly requests: string;
  readonly duration: string;
  readonly retries: string;
  readonly connected: string;
}

const { model: MODEL, version: VERSION, outcome: OUTCOME } = METRIC_LABELS;
const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** The metrics of round trips to stores of one kind. */
export class StoreMetrics {
  private readonly requests: CellMetric<string>;
  private readonly seconds: CellHistogram<string>;
  private readonly retries: CellMetric<string>;
  private readonly connected: Gauge;

  /** @param store what it is, for the help texts */
  constructor(registry: Registry, names: StoreMetricNames, store: string) {
    const counter = (name: string, help: string) => new CellMetric({ type: 'counter', name, help, registry });
    this.requests = counter(names.requests, `Round trips to the ${store}, by how they ended.`);
    this.seconds = new CellHistogram({
      name: names.duration,
      help: `One round trip to the ${store}, in seconds.`,
      bounds: SECONDS,
      registry,
    });
    this.retries = counter(names.retries, `Round trips to the ${store} that were tried again.`);
    this.connected = new Gauge({
      name: names.connected,
      help: `1 when there is a connection to the ${store}, else 0.`,
      labelNames: [MODEL, VERSION],
      registers: [registry],
    });
  }

  /** Makes the series of a model version. Call it once for each. */
  forModel(name: string, version: string): StoreMeter {
    const labels = { [MODEL]: name, [VERSION]: version };
    this.connected.set(labels, 0);
    return {
      requests: cells(this.requests, labels, OUTCOME, OUTCOMES),
      seconds: this.seconds.cell(labels),
      retries: this.retries.cell(labels),
      setConnected: (connected) => this.connected.set(labels, connected ? 1 : 0),
    };
  }
}

import type { Registry } from 'prom-client';
import { LOOKUP_METRIC_LABELS, LOOKUP_METRICS, METRIC_LABELS } from '../contract';
import { type Cell, CellMetric, cells } from './cell-metric';
import { type StoreMeter, StoreMetrics } from './store-metrics';

const ROW_SOURCES = ['current', 'previous-run', 'default', 'missing', 'invalid', 'unavailable'] as const;

/** Where the prediction of a row came from, or why it has none. */
export type RowSource = (typeof ROW_SOURCES)[number];

/** The run that is current, as the metrics show it. */
export interface ShownRun {
  readonly run: string;
  readonly rows: number;
  readonly model: { readonly name: string; readonly version: string; readonly sha256: string };
}

/** What is measured of the lookup of one model version. */
export interface LookupMeter extends StoreMeter {
  /** Rows by where their prediction came from. */
  readonly rows: Readonly<Record<RowSource, Cell>>;

  /** Another run is current; undefined = none is. */
  setRun(run: ShownRun | undefined): void;
}

/** What the metrics ask a lookup when they are read. */
export interface RunReading {
  /** Seconds since the current run was completed; undefined when there is none. */
  age(): number | undefined;

  /** Whether that is longer than it may be. */
  stale(): boolean;
}

const { model: MODEL, version: VERSION } = METRIC_LABELS;
const { source: SOURCE, run: RUN, predictingModel, predictingVersion, sha256: SHA256 } = LOOKUP_METRIC_LABELS;

/** The metrics of prediction lookups. One for each process. */
export class LookupMetrics {
  private readonly store: StoreMetrics;
  private readonly rows: CellMetric<string>;
  private readonly available: CellMetric<string>;
  private readonly age: CellMetric<string>;
  private readonly stale: CellMetric<string>;
  private readonly runRows: CellMetric<string>;
  private readonly info: CellMetric<string>;
  private readonly changes: CellMetric<string>;

  constructor(registry: Registry) {
    const metric = (type: 'counter' | 'gauge', name: string, help: string) =>
      new CellMetric({ type, name, help, registry });
    const names = {
      requests: LOOKUP_METRICS.storeRequests,
      duration: LOOKUP_METRICS.storeDuration,
      retries: LOOKUP_METRICS.storeRetries,
      connected: LOOKUP_METRICS.storeConnected,
    };
    this.store = new StoreMetrics(registry, names, 'prediction table');
    this.rows = metric('counter', LOOKUP_METRICS.rows, 'Rows of requests, by where their prediction came from.');
    this.available = metric('gauge', LOOKUP_METRICS.runAvailable, '1 when the table has a run, else 0.');
    this.age = metric('gauge', LOOKUP_METRICS.runAge, 'Time since the current run was completed, in seconds.');
    this.stale = metric('gauge', LOOKUP_METRICS.runStale, '1 when the current run is older than it may be, else 0.');
    this.runRows = metric('gauge', LOOKUP_METRICS.runRows, 'Keys of the current run.');
    this.info = metric('gauge', LOOKUP_METRICS.runInfo, 'Always 1; the labels describe the current run.');
    this.changes = metric('counter', LOOKUP_METRICS.runChanges, 'How often another run became the current one.');
  }

  /** Makes the series of a model version. Call it once for each. */
  forModel(name: string, version: string, reading: RunReading): LookupMeter {
    const labels = { [MODEL]: name, [VERSION]: version };
    const available = this.available.cell(labels);
    const runRows = this.runRows.cell(labels);
    const changes = this.changes.cell(labels);
    this.stale.reading(labels, () => (reading.stale() ? 1 : 0));
    let shown = false;
    return {
      ...this.store.forModel(name, version),
      rows: cells(this.rows, labels, SOURCE, ROW_SOURCES),
      setRun: (run) => {
        available.value = run === undefined ? 0 : 1;
        runRows.value = run?.rows ?? 0;
        this.info.remove(labels);
        this.age.remove(labels);
        if (run !== undefined) {
          const { model } = run;
          const of = { [predictingModel]: model.name, [predictingVersion]: model.version, [SHA256]: model.sha256 };
          this.info.cell({ ...labels, [RUN]: run.run, ...of }).value = 1;
          this.age.reading(labels, () => reading.age() ?? 0);
          changes.value += shown ? 1 : 0;
          shown = true;
        }
      },
    };
  }
}

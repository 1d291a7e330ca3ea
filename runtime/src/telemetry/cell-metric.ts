import type { Gauge, Registry } from 'prom-client';

/** The value of one series: changing it costs nanoseconds, so it may be done for every request. */
export interface Cell {
  value: number;
}

/** Options of {@link CellMetric}. */
export interface CellMetricOptions {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
}

/** A series: its labels, and where its value comes from. */
interface Series<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly read: () => number;
}

/** A Prometheus counter or gauge whose series are made before they are used, and are read when the metrics are. */
export class CellMetric<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly aggregator = 'sum';
  private readonly series = new Set<Series<Label>>();

  constructor({ type, name, help, registry }: CellMetricOptions) {
    this.type = type;
    this.name = name;
    this.help = help;
    // A registry asks its metrics for nothing but these properties and `get`; its types ask for a class of its own.
    registry.registerMetric(this as unknown as Gauge<Label>);
  }

  /** Makes a series with the value 0. Call it once for each combination of labels. */
  cell(labels: Readonly<Record<Label, string>>): Cell {
    const cell: Cell = { value: 0 };
    this.series.add({ labels, read: () => cell.value });
    return cell;
  }

  /** Makes a series whose value is asked for. */
  reading(labels: Readonly<Record<Label, string>>, read: () => number): void {
    this.series.add({ labels, read });
  }

  /** Removes the series that have all these labels. */
  remove(labels: Readonly<Partial<Record<Label, string>>>): void {
    for (const series of this.series) {
      if (hasLabels(series.labels, labels)) {
        this.series.delete(series);
      }
    }
  }

  /** All series, as the registry writes them. */
  async get() {
    const { name, help, type, aggregator } = this;
    const values = [...this.series].map(({ labels, read }) => ({ labels, value: read() }));
    return { name, help, type, aggregator, values };
  }
}

/** Makes a series for each value of a label. */
export function cells<Value extends string>(
  metric: CellMetric<string>,
  labels: Readonly<Record<string, string>>,
  label: string,
  values: readonly Value[],
): Record<Value, Cell> {
  return byValue(values, (value) => metric.cell({ ...labels, [label]: value }));
}

/** One thing for each value, by the value. */
export function byValue<Value extends string, T>(
  values: readonly Value[],
  make: (value: Value) => T,
): Record<Value, T> {
  return Object.fromEntries(values.map((value) => [value, make(value)])) as Record<Value, T>;
}

/** Whether a series has these labels among its own. */
export function hasLabels(
  own: Readonly<Record<string, string>>,
  wanted: Readonly<Partial<Record<string, string>>>,
): boolean {
  return Object.entries(wanted).every(([label, value]) => own[label] === value);
}

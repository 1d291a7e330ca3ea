import type { Histogram, Registry } from 'prom-client';
import { hasLabels } from './cell-metric';

/** The observations of one combination of labels. Adding one costs nanoseconds, so it may be done for every request. */
export class HistogramCell {
  private readonly counts: Float64Array;
  private total = 0;

  /** @param bounds upper bounds of the buckets, ascending, without infinity */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Adds an observation; anything but a finite number is left out. */
  observe(value: number): void {
    if (!Number.isFinite(value)) {
      return;
    }
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]) {
      bucket += 1;
    }
    this.counts[bucket] += 1;
    this.total += value;
  }

  /** Sum of all observations. */
  get sum(): number {
    return this.total;
  }

  /** Observations up to each bound, and all of them last. */
  cumulated(): number[] {
    let count = 0;
    return Array.from(this.counts, (added) => {
      count += added;
      return count;
    });
  }
}

/** Options of {@link CellHistogram}. */
export interface CellHistogramOptions {
  readonly name: string;
  readonly help: string;

  /** Upper bounds of the buckets, ascending, without infinity. */
  readonly bounds: readonly number[];
  readonly registry: Registry;
}

/**
 * A Prometheus histogram whose cells are made before they are used.
 *
 * The histograms of prom-client look up their labels at every observation, which is a measurable part of a small
 * request; here that happens when the metrics are read.
 */
export class CellHistogram<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  private cells: { labels: Record<Label, string>; cell: HistogramCell }[] = [];
  private readonly bounds: readonly number[];

  constructor({ name, help, bounds, registry }: CellHistogramOptions) {
    this.name = name;
    this.help = help;
    this.bounds = bounds;
    // A registry asks its metrics for nothing but these properties and `get`; its types ask for a class of its own.
    registry.registerMetric(this as unknown as Histogram<Label>);
  }

  /**
   * Makes the cell of a combination of labels, which is exposed from now on. Call it once for each.
   *
   * @param edge a bound that this cell has besides the others, so that observations up to it can be counted exactly
   */
  cell(labels: Record<Label, string>, edge?: number): HistogramCell {
    const { bounds } = this;
    const own = edge === undefined || bounds.includes(edge) ? bounds : [...bounds, edge].sort((a, b) => a - b);
    const cell = new HistogramCell(own);
    this.cells.push({ labels, cell });
    return cell;
  }

  /** Removes the cells that have all these labels. */
  remove(labels: Readonly<Partial<Record<Label, string>>>): void {
    this.cells = this.cells.filter((cell) => !hasLabels(cell.labels, labels));
  }

  /** All series of the histogram, as the registry writes them. */
  async get() {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.cells.flatMap((cell) => this.series(cell)) };
  }

  private series({ labels, cell }: { labels: Record<Label, string>; cell: HistogramCell }) {
    const { name } = this;
    const { bounds } = cell;
    const counts = cell.cumulated();
    return [
      ...counts.map((value, index) => ({
        metricName: `${name}_bucket`,
        labels: { le: bounds[index] ?? '+Inf', ...labels },
        value,
      })),
      { metricName: `${name}_sum`, labels, value: cell.sum },
      { metricName: `${name}_count`, labels, value: counts.at(-1) ?? 0 },
    ];
  }
}

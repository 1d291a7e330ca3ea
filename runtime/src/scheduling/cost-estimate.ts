import type { RunCostPoint } from '../model';

/** Weight of one run in the estimate. */
const WEIGHT = 0.1;

/** One run moves the estimate by no more than this factor: a pause of the machine is not the model's cost. */
const MOST_AT_ONCE = 4;

/**
 * How long runs will take: what was measured when the model was loaded, scaled by what runs take now.
 *
 * The first run of a size that was not measured is taken for a measurement; before any, runs are expected to take no time.
 */
export class CostEstimate {
  private points: readonly RunCostPoint[];
  private scale = 1;

  /** @param points measured sizes, ascending */
  constructor(points: readonly RunCostPoint[] = []) {
    this.points = points;
  }

  /** Whether runs of about so many rows are known. */
  knows(rows: number): boolean {
    return rows < 2 * (this.points.at(-1)?.rows ?? 0);
  }

  /** Expected seconds of a run of so many rows. */
  seconds(rows: number): number {
    return this.scale * this.measured(rows);
  }

  /** Learns from a run. */
  observe(rows: number, seconds: number): void {
    const largest = this.points.at(-1);
    if (largest === undefined || rows >= 2 * largest.rows) {
      this.points = [...this.points, { rows: Math.max(1, rows), seconds: seconds / this.scale }];
      return;
    }
    const expected = this.seconds(rows);
    if (expected > 0) {
      const ratio = Math.min(MOST_AT_ONCE, Math.max(1 / MOST_AT_ONCE, seconds / expected));
      this.scale *= 1 + WEIGHT * (ratio - 1);
    }
  }

  /** In proportion between two measured sizes; beyond the largest as its time per row; below the smallest as it. */
  private measured(rows: number): number {
    const { points } = this;
    let above = 0;
    while (above < points.length && points[above].rows < rows) {
      above += 1;
    }
    if (above === points.length) {
      const last = points.at(-1);
      return last === undefined ? 0 : (last.seconds / last.rows) * rows;
    }
    const upper = points[above];
    if (above === 0) {
      return upper.seconds;
    }
    const lower = points[above - 1];
    const share = (rows - lower.rows) / (upper.rows - lower.rows);
    return lower.seconds + share * (upper.seconds - lower.seconds);
  }
}

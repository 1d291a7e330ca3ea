/** The best time per row of a size is forgotten by this part with each run. */
const FORGETTING = 0.02;

/** A larger size is worth it when it lowers the time per row to this part; more has to be gained for longer latency. */
const WORTHWHILE = 0.9;
const WORTHWHILE_WHEN_LONG = 0.75;

/** Runs from here on are long, in seconds. */
const LONG_SECONDS = 0.01;

/** Runs of the larger size after which is decided. */
const TRIALS = 3;

/** Every so many runs is one of the larger size: first, and at most, after it was not worth it again and again. */
const OPEN_PAUSE = 2;
const FIRST_PAUSE = 8;
const MOST_PAUSE = 4096;

const MOST_ROWS = 1024;

/**
 * How many rows share a run at most.
 *
 * It starts with what was found worthwhile when the model was loaded. That may have been a bad moment, on a machine that was
 * busy with something else: so when more rows wait, twice as many are tried now and then, and kept when that pays. The best
 * times are compared, because other work on the machine makes times longer, never shorter.
 */
export class BatchLimit {
  private atLimit = Number.POSITIVE_INFINITY;
  private above = Number.POSITIVE_INFINITY;
  private trials = 0;
  private runs = 0;
  private pause: number;

  /**
   * @param rows most rows of a run
   * @param kind `fixed` = it is never changed; `measured` = larger runs were found not to be worthwhile; `open` = larger
   * runs were not tried yet
   */
  constructor(
    public rows: number,
    private readonly kind: 'fixed' | 'measured' | 'open',
  ) {
    this.pause = kind === 'open' ? OPEN_PAUSE : FIRST_PAUSE;
  }

  /**
   * Most rows of the next run.
   *
   * @param waiting rows that wait
   * @param mayGrow whether a run of twice the rows is short enough
   */
  next(waiting: number, mayGrow: boolean): number {
    const { rows } = this;
    if (this.kind === 'fixed' || !mayGrow || waiting < 2 * rows || rows * 2 > MOST_ROWS) {
      return rows;
    }
    this.runs += 1;
    return this.runs % this.pause === 0 ? 2 * rows : rows;
  }

  /** Learns from a run. */
  observe(rows: number, seconds: number): void {
    if (this.kind === 'fixed' || rows * 2 <= this.rows || rows > this.rows * 2) {
      return;
    }
    const perRow = seconds / rows;
    if (rows <= this.rows) {
      this.atLimit = Math.min(perRow, this.atLimit * (1 + FORGETTING));
      return;
    }
    this.above = Math.min(this.above, perRow);
    this.trials += 1;
    if (this.trials >= TRIALS && this.atLimit !== Number.POSITIVE_INFINITY) {
      const isLong = this.above * this.rows * 2 > LONG_SECONDS;
      if (this.above < this.atLimit * (isLong ? WORTHWHILE_WHEN_LONG : WORTHWHILE)) {
        this.rows *= 2;
        this.atLimit = this.above;
      } else {
        this.pause = Math.min(MOST_PAUSE, Math.max(FIRST_PAUSE, this.pause * 4));
      }
      this.above = Number.POSITIVE_INFINITY;
      this.trials = 0;
    }
  }
}

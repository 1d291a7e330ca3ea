import type { Logger } from '../../telemetry';
import type { ProgressRecord } from './records';

const RATE_WINDOW_MILLIS = 60_000;

/** Numbers of a shard at one moment. */
export interface ProgressReading {
  readonly rows: number;
  readonly errors: number;

  /** Rows of the whole shard; undefined when the format does not tell. */
  readonly plannedRows?: number;
  readonly unitsDone: number;
  readonly units: number;

  /** Rows a second, over the last minute. */
  readonly rowsPerSecond: number;

  /** Seconds until the shard is done; undefined when not known. */
  readonly remainingSeconds?: number;
}

/** Where a shard is: counted while it works, told every few seconds. */
export class Progress {
  /** Rows of units that are committed. */
  private committed = { rows: 0, errors: 0, units: 0, weight: 0 };

  /** Rows of units that are under way. */
  private underWay = { rows: 0, errors: 0 };

  /** Rows that this process has scored, at moments of the last minute; by a clock that nobody sets. */
  private readonly samples: { readonly at: number; readonly rows: number }[] = [];
  private scored = { rows: 0, errors: 0 };
  private timer: NodeJS.Timeout | undefined;
  private readonly started = performance.now();

  /**
   * @param total what the shard has to do
   */
  constructor(
    private readonly shard: number,
    private readonly attempt: string,
    private readonly total: { readonly units: number; readonly rows?: number; readonly weight: number },
  ) {
    this.samples.push({ at: this.started, rows: 0 });
  }

  /** Rows with a prediction and rows with an error that this process has scored. */
  get counts(): { readonly rows: number; readonly errors: number } {
    return this.scored;
  }

  /** Counts rows of a unit that is under way. */
  add(predicted: number, errors: number): void {
    this.underWay.rows += predicted + errors;
    this.underWay.errors += errors;
    this.scored.rows += predicted;
    this.scored.errors += errors;
  }

  /** Counts a unit as done. @param ownRows rows of it that were counted as under way */
  commit(rows: { readonly in: number; readonly errors: number }, weight: number, isOwn: boolean): void {
    this.committed.rows += rows.in;
    this.committed.errors += rows.errors;
    this.committed.units += 1;
    this.committed.weight += weight;
    if (isOwn) {
      this.underWay.rows -= rows.in;
      this.underWay.errors -= rows.errors;
    }
  }

  reading(): ProgressReading {
    const now = performance.now();
    const scored = this.scored.rows + this.scored.errors;
    while (this.samples.length > 1 && now - (this.samples[0]?.at ?? now) > RATE_WINDOW_MILLIS) {
      this.samples.shift();
    }
    const oldest = this.samples[0] ?? { at: this.started, rows: 0 };
    const seconds = (now - oldest.at) / 1000;
    const rowsPerSecond = seconds > 0 ? (scored - oldest.rows) / seconds : 0;
    if (now - (this.samples.at(-1)?.at ?? 0) > 1000) {
      this.samples.push({ at: now, rows: scored });
    }
    const rows = this.committed.rows + this.underWay.rows;
    return {
      rows,
      errors: this.committed.errors + this.underWay.errors,
      ...(this.total.rows === undefined ? {} : { plannedRows: this.total.rows }),
      unitsDone: this.committed.units,
      units: this.total.units,
      rowsPerSecond,
      ...this.remaining(rows, rowsPerSecond),
    };
  }

  /** Begins to tell. @param push passes it on; one at a time, and nothing waits for it */
  tell(logger: Logger, millis: number, push: (record: ProgressRecord) => Promise<void>): void {
    let isPushing = false;
    const tell = () => {
      const reading = this.reading();
      logger.info(logged(reading), 'progress');
      if (isPushing) {
        return;
      }
      isPushing = true;
      push(this.record(reading)).then(
        () => {
          isPushing = false;
        },
        (error: unknown) => {
          isPushing = false;
          logger.warn({ error }, 'progress could not be passed on');
        },
      );
    };
    this.timer = setInterval(tell, millis);
    this.timer.unref();
  }

  record(reading = this.reading()): ProgressRecord {
    const { rows, errors, unitsDone, rowsPerSecond, remainingSeconds } = reading;
    return {
      shard: this.shard,
      attempt: this.attempt,
      rows,
      errors,
      units: unitsDone,
      rowsPerSecond: Math.round(rowsPerSecond),
      ...(remainingSeconds === undefined ? {} : { remainingSeconds: Math.round(remainingSeconds) }),
      updated: new Date().toISOString(),
    };
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private remaining(rows: number, rowsPerSecond: number): { remainingSeconds?: number } {
    if (rowsPerSecond <= 0) {
      return this.committed.units === this.total.units ? { remainingSeconds: 0 } : {};
    }
    const { rows: planned, weight } = this.total;
    // Text: rows are as long on average as those of the units that are done.
    const expected =
      planned ?? (this.committed.weight > 0 ? (this.committed.rows * weight) / this.committed.weight : undefined);
    return expected === undefined ? {} : { remainingSeconds: Math.max(0, expected - rows) / rowsPerSecond };
  }
}

/** What a line of the log says. */
function logged({ rowsPerSecond, remainingSeconds, ...rest }: ProgressReading): object {
  return {
    ...rest,
    rowsPerSecond: Math.round(rowsPerSecond),
    ...(remainingSeconds === undefined ? {} : { remainingSeconds: Math.round(remainingSeconds) }),
  };
}

import type { ProgressReading } from '../batch';
import { durationText } from './rollout-text';

const WIDTH = 30;
const PERCENT = 100;

/** How far all shards are, as one line that is written again; nothing where the stream is no terminal. */
export class ProgressBar {
  private readonly readings = new Map<number, ProgressReading>();

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly shards: number,
  ) {}

  update(shard: number, reading: ProgressReading): void {
    this.readings.set(shard, reading);
    if (this.stream.isTTY) {
      this.stream.write(`\r\x1b[K${this.line()}`);
    }
  }

  /** Removes the line. */
  end(): void {
    if (this.stream.isTTY && this.readings.size > 0) {
      this.stream.write(`\r\x1b[K${this.line()}\n`);
    }
  }

  private line(): string {
    const readings = [...this.readings.values()];
    const sum = (of: (reading: ProgressReading) => number) =>
      readings.reduce((total, reading) => total + of(reading), 0);
    const units = sum((reading) => reading.units);
    const isCounted = readings.every(({ plannedRows }) => plannedRows !== undefined);
    const planned = sum(({ plannedRows = 0 }) => plannedRows);
    const rows = sum((reading) => reading.rows);
    const done = isCounted ? rows / Math.max(1, planned) : sum((reading) => reading.unitsDone) / Math.max(1, units);
    // Shards that have not begun are taken to be as large as those that have.
    const share = Math.min(1, (done * readings.length) / this.shards);
    const full = Math.round(WIDTH * share);
    const errors = sum((reading) => reading.errors);
    const rate = sum(({ remainingSeconds, rowsPerSecond }) => (remainingSeconds === 0 ? 0 : rowsPerSecond));
    const rest = share > 0 && rate > 0 ? (rows / share - rows) / rate : undefined;
    return [
      `${'#'.repeat(full)}${'-'.repeat(WIDTH - full)} ${Math.floor(PERCENT * share)} %`,
      `${rows} rows`,
      ...(errors > 0 ? [`${errors} errors`] : []),
      ...(rate > 0 ? [`${Math.round(rate)} rows/s`] : []),
      ...(rest === undefined ? [] : [`${durationText(1000 * rest)} left`]),
    ].join('  ');
  }
}

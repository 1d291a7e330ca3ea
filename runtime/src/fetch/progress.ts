import type { Logger } from '../telemetry';

const INTERVAL_MILLIS = 1000;

/** Tells how a long download goes on: at most once a second; as one line that is written again on a terminal. */
export class Progress {
  private readonly started = performance.now();
  private lastShown = this.started;
  private lineOpen = false;

  constructor(
    private readonly logger: Logger,
    private readonly subject: string,
  ) {}

  /** @param totalBytes absent when the origin does not say */
  update(bytes: number, totalBytes: number | undefined): void {
    const now = performance.now();
    if (now - this.lastShown < INTERVAL_MILLIS) {
      return;
    }
    this.lastShown = now;
    const bytesPerSecond = Math.round(bytes / ((now - this.started) / 1000));
    const percent = totalBytes === undefined ? undefined : Math.floor((100 * bytes) / totalBytes);
    if (process.stderr.isTTY) {
      const part = percent === undefined ? mebibytes(bytes) : `${percent} % of ${mebibytes(totalBytes ?? 0)}`;
      process.stderr.write(`\r\x1b[K${this.subject}: ${part}, ${mebibytes(bytesPerSecond)}/s`);
      this.lineOpen = true;
    } else {
      this.logger.info({ bytes, totalBytes, percent, bytesPerSecond }, 'downloading');
    }
  }

  /** Removes the line from the terminal. */
  end(): void {
    if (this.lineOpen) {
      process.stderr.write('\r\x1b[K');
      this.lineOpen = false;
    }
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

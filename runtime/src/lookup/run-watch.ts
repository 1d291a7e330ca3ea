import { pointerCommand, type RunPointer, readPointer, type TableKeys } from '../prediction-table';
import { afterMillis, type RedisClient } from '../redis';

/** What the table has: runs, none, or something that this version does not understand. */
export type TableState = RunPointer | 'none' | 'invalid';

/** Options of {@link RunWatch}. */
export interface RunWatchOptions {
  readonly client: RedisClient;
  readonly keys: TableKeys;

  /** Longest time that the server is waited for, in milliseconds. */
  readonly timeoutMillis: number;

  /** Learns what the table has, whenever it has been asked. */
  readonly onState: (state: TableState) => void;
}

/** The pointer is read so often, in milliseconds. */
const PERIOD_MILLIS = 400;

/** What was read of it is believed for so long, in milliseconds. */
const TRUSTED_MILLIS = 1000;

/** Keeps what the pointer of a table says, at most a second old. */
export class RunWatch {
  private askedAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<boolean> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly options: RunWatchOptions) {}

  /** Begins to read the pointer again and again. */
  start(): void {
    void this.refresh().then(() => {
      if (!this.closed) {
        this.timer = setTimeout(() => this.start(), PERIOD_MILLIS);
        this.timer.unref();
      }
    });
  }

  /** Whether what is known is recent. */
  get isFresh(): boolean {
    return performance.now() - this.askedAt <= TRUSTED_MILLIS;
  }

  /** Reads the pointer now. @returns false when it cannot be read in time */
  refresh(): Promise<boolean> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async read(): Promise<boolean> {
    const { client, keys, timeoutMillis, onState } = this.options;
    const askedAt = performance.now();
    const questions = { commands: [pointerCommand(keys.pointer)], replies: [] as unknown[], over: false };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = afterMillis(timeoutMillis, () => resolve(false));
    });
    const read = client.ask(questions).then(
      () => true,
      () => false,
    );
    const isRead = await Promise.race([read, late]);
    clearTimeout(timer);
    if (!isRead) {
      questions.over = true;
      client.suspect();
      return false;
    }
    const [reply] = questions.replies;
    if (!this.closed) {
      this.askedAt = askedAt;
      onState(reply === 'invalid' ? 'invalid' : (readPointer(reply) ?? 'none'));
    }
    return true;
  }
}

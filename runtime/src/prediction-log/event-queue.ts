import { setImmediate as turn } from 'node:timers/promises';
import { errorMessage, type Logger, type PredictionLogMeter } from '../telemetry';
import type { EventReceiver } from './prediction-log';

/** Where events go. */
export interface EventSink {
  /**
   * Writes events, as often as it takes.
   *
   * @param signal ends the attempts
   * @throws when they cannot be written; then they are lost
   */
  write(events: readonly string[], signal: AbortSignal): Promise<void>;

  /** Frees what it holds. */
  close(): Promise<void>;
}

/** Options of {@link EventQueue}. */
export interface EventQueueOptions {
  readonly sink: EventSink;
  readonly maxEvents: number;
  readonly meter: PredictionLogMeter;
  readonly logger: Logger;
}

/** Most memory for waiting events, in characters. */
const MAX_CHARACTERS = 32 * 1024 * 1024;

/** Events of one write. */
const BATCH_EVENTS = 200;
const BATCH_CHARACTERS = 1024 * 1024;

/** How long events wait for others that are written with them. */
const DELAY_MILLIS = 200;

/** A lasting failure is logged again after this time. */
const LOG_AGAIN_MILLIS = 60_000;

/** Events that wait for their sink. What does not fit is dropped and counted; nothing ever waits for it. */
export class EventQueue implements EventReceiver {
  private readonly waiting: string[] = [];

  /** Position of the first event that waits: taking from the front of a long list is slow. */
  private first = 0;
  private characters = 0;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private closed = false;
  private readonly aborted = new AbortController();
  private failedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: EventQueueOptions) {}

  push(event: string): void {
    const { maxEvents, meter } = this.options;
    if (this.closed || this.length >= maxEvents || this.characters + event.length > MAX_CHARACTERS) {
      meter.events.dropped.value += 1;
      return;
    }
    this.waiting.push(event);
    this.characters += event.length;
    meter.setQueued(this.length);
    if (this.writing === undefined && this.length >= BATCH_EVENTS) {
      this.start();
    } else if (this.writing === undefined && this.timer === undefined) {
      this.timer = setTimeout(() => this.start(), DELAY_MILLIS);
    }
  }

  /**
   * Writes what waits, and ends. What is not written in time is lost and counted.
   *
   * @param withinMillis longest time for it
   */
  async close(withinMillis: number): Promise<void> {
    this.closed = true;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMillis);
    });
    this.start();
    await Promise.race([this.writing, over]);
    clearTimeout(timer);
    this.aborted.abort();
    await Promise.race([this.writing, turn()]);
    await this.options.sink.close();
  }

  private get length(): number {
    return this.waiting.length - this.first;
  }

  private start(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
    });
  }

  /** Never rejects. */
  private async writeAll(): Promise<void> {
    const { sink, meter, logger } = this.options;
    for (let batch = this.take(); batch.length > 0; batch = this.take()) {
      try {
        await sink.write(batch, this.aborted.signal);
        meter.events.written.value += batch.length;
      } catch (error) {
        meter.events.failed.value += batch.length;
        const now = performance.now();
        if (now - this.failedAt > LOG_AGAIN_MILLIS) {
          this.failedAt = now;
          logger.warn({ reason: errorMessage(error), events: batch.length }, 'events of the prediction log are lost');
        }
      }
      meter.setQueued(this.length);
    }
  }

  private take(): string[] {
    const batch: string[] = [];
    let characters = 0;
    while (this.first < this.waiting.length && batch.length < BATCH_EVENTS) {
      const event = this.waiting[this.first];
      if (batch.length > 0 && characters + event.length > BATCH_CHARACTERS) {
        break;
      }
      batch.push(event);
      characters += event.length;
      this.first += 1;
    }
    this.characters -= characters;
    if (this.first > this.waiting.length / 2) {
      this.waiting.splice(0, this.first);
      this.first = 0;
    }
    return batch;
  }
}

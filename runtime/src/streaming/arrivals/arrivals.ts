import type { MicroBatchingConfig } from '../../contract';
import type { ConsumedEvent } from '../event';

/** `next` comes back after so long without any event, in milliseconds. */
const WAIT_MILLIS = 1000;

/** As long as sizes of events are not known, so many are asked for. */
const FIRST_ROWS = 64;

/** Weight of the newest events in the usual size of an event. */
const NEWEST = 0.2;

/**
 * Events that a source has received, on their way into micro-batches. Redelivered events are handed on in groups of their own,
 * and nothing else is while such a group is not done.
 */
export class Arrivals {
  private readonly fresh: ConsumedEvent[] = [];
  private readonly again: ConsumedEvent[][] = [];
  private readonly retried = new Set<string>();
  private freshBytes = 0;
  private usualBytes: number | undefined;
  private failure: { readonly reason: unknown } | undefined;
  private paused = false;
  private polled = performance.now();
  private changes = 0;
  private waiter: () => void = () => undefined;

  /** When events were last asked for, on the clock of `performance.now()`; a paused source is asked for none. */
  get lastPoll(): number {
    return this.paused ? performance.now() : this.polled;
  }

  /** Whether a group of redelivered events waits, or is not done. */
  get retrying(): boolean {
    return this.again.length > 0 || this.retried.size > 0;
  }

  /** Events that were not handed on. */
  get waiting(): ConsumedEvent[] {
    return [...this.again.flat(), ...this.fresh];
  }

  /** How many more events are good for a micro-batch, as far as their size is known; at most 0 when there are enough. */
  room({ maxRows, maxBytes }: MicroBatchingConfig): number {
    const rows = maxRows - this.fresh.length;
    const bytes = maxBytes - this.freshBytes;
    if (this.usualBytes === undefined) {
      return Math.min(FIRST_ROWS, rows);
    }
    return bytes <= 0 ? 0 : Math.min(rows, Math.ceil(bytes / this.usualBytes));
  }

  /** Events arrive for the first time. */
  add(events: readonly ConsumedEvent[]): void {
    if (events.length === 0) {
      return;
    }
    let bytes = 0;
    for (const event of events) {
      bytes += event.value?.length ?? 0;
      this.fresh.push(event);
    }
    this.freshBytes += bytes;
    const usual = Math.max(1, bytes / events.length);
    // Growing is believed at once: memory is at stake.
    this.usualBytes =
      this.usualBytes === undefined || usual > this.usualBytes
        ? usual
        : this.usualBytes * (1 - NEWEST) + usual * NEWEST;
    this.wake();
  }

  /** Events arrive again, to be handed on together and alone. */
  addAgain(group: ConsumedEvent[]): void {
    if (group.length > 0) {
      this.again.push(group);
      this.wake();
    }
  }

  /** Nothing more will come. */
  fail(reason: unknown): void {
    this.failure ??= { reason };
    this.wake();
  }

  /** Something may be asked for that was not before. */
  changed(): void {
    this.wake();
  }

  /** Events are acknowledged. */
  settled(events: readonly ConsumedEvent[]): void {
    for (const { position } of events) {
      this.retried.delete(position);
    }
    this.wake();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.wake();
  }

  /**
   * The next micro-batch. See `EventSource.next`.
   *
   * @param fetch begins to get more, unless it is under way; called again whenever something has changed
   */
  async next(limits: MicroBatchingConfig, signal: AbortSignal, fetch: () => void): Promise<ConsumedEvent[]> {
    this.polled = performance.now();
    const idleEnd = this.polled + WAIT_MILLIS;
    let firstAt: number | undefined;
    for (;;) {
      if (this.failure !== undefined) {
        throw this.failure.reason;
      }
      const now = performance.now();
      const free = !this.paused && this.retried.size === 0;
      const group = free ? this.again.shift() : undefined;
      if (group !== undefined) {
        for (const { position } of group) {
          this.retried.add(position);
        }
        return group;
      }
      if (free && this.fresh.length > 0) {
        firstAt ??= now;
        const full = this.fullRows(limits);
        if (full !== undefined || signal.aborted || now >= firstAt + limits.maxDelayMillis) {
          return this.take(full ?? this.fresh.length);
        }
      }
      if (signal.aborted || now >= idleEnd + (firstAt === undefined ? 0 : limits.maxDelayMillis)) {
        return [];
      }
      const before = this.changes;
      if (free) {
        fetch();
      }
      if (this.changes !== before) {
        continue; // it had something already
      }
      await this.change((firstAt === undefined ? idleEnd : firstAt + limits.maxDelayMillis) - now, signal);
    }
  }

  private wake(): void {
    this.changes += 1;
    this.waiter();
  }

  private take(rows: number): ConsumedEvent[] {
    const events = this.fresh.splice(0, rows);
    this.freshBytes =
      this.fresh.length === 0 ? 0 : this.freshBytes - events.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    return events;
  }

  /** How many of the first events make a full micro-batch; undefined = they are not enough. */
  private fullRows({ maxRows, maxBytes }: MicroBatchingConfig): number | undefined {
    if (this.freshBytes <= maxBytes) {
      return this.fresh.length >= maxRows ? maxRows : undefined;
    }
    let bytes = 0;
    for (let rows = 0; rows < Math.min(maxRows, this.fresh.length); rows += 1) {
      bytes += this.fresh[rows].value?.length ?? 0;
      if (bytes > maxBytes) {
        return Math.max(1, rows);
      }
    }
    return maxRows;
  }

  /** Resolves when something may have changed, the time is over, or the signal is given. */
  private change(millis: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.waiter = () => undefined;
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, millis));
      signal.addEventListener('abort', done);
      this.waiter = done;
    });
  }
}

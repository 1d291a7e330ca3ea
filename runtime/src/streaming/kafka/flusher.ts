import type { RdKafka } from '@confluentinc/kafka-javascript';
import { called, codeOf, KAFKA_CODES } from './library';

/** So long without all acknowledgements is a fault that may pass. */
const SLOW_MILLIS = 1000;

/** Share of the usual time of a flush after which it is looked for the first time whether all is acknowledged. */
const FIRST_LOOK_SHARE = 0.5;

/** The looks after it come at this share of the time spent so far. */
const NEXT_LOOK_SHARE = 0.25;
const MOST_LOOK_MILLIS = 10;

/** Weight of the newest flush in the usual time of one. */
const NEWEST = 0.1;

/**
 * Waits until all that a producer has taken is acknowledged.
 *
 * The client's own flush looks at the queue when it begins, and again every 10 ms, for nothing wakes it when reports of what was
 * written are off. Brokers answer in a few milliseconds: so it is called for about as long as they have usually taken.
 */
export class Flusher {
  private usualMillis = 1;

  /** @param onRetry learns of each second that went by without all acknowledgements */
  constructor(
    private readonly producer: RdKafka.Producer,
    private readonly onRetry: (error: unknown) => void,
  ) {}

  /** Resolves when all records are acknowledged or have failed, however long that takes. */
  async flush(): Promise<void> {
    const started = performance.now();
    let slow = SLOW_MILLIS;
    for (let millis = this.usualMillis * FIRST_LOOK_SHARE; ; ) {
      const unfinished = await this.look(millis);
      const spent = performance.now() - started;
      if (unfinished === undefined) {
        this.usualMillis += NEWEST * (Math.min(spent, MOST_LOOK_MILLIS) - this.usualMillis);
        return;
      }
      if (spent >= slow) {
        slow += SLOW_MILLIS;
        this.onRetry(unfinished);
      }
      millis = spent * NEXT_LOOK_SHARE;
    }
  }

  /** Looks for some milliseconds; gives the client's error when all is not acknowledged after them. */
  private async look(millis: number): Promise<unknown> {
    const timeout = Math.min(MOST_LOOK_MILLIS, Math.max(1, Math.round(millis)));
    try {
      await called((done) => this.producer.flush(timeout, done));
      return undefined;
    } catch (error) {
      if (codeOf(error) !== KAFKA_CODES.timedOut) {
        throw error;
      }
      return error;
    }
  }
}

import type { EventFailure } from '../event';
import { StreamError } from '../event';

const SHOWN = 3;

/** Options of {@link FloodWatch}. */
export interface FloodWatchOptions {
  /** Largest share of dead letters, from 0 to 1. */
  readonly maxRatio: number;

  /** Of how many of the last events that is the share, however many have been seen. */
  readonly window: number;

  /** Whether there is a place for dead letters. */
  readonly hasDeadLetters: boolean;
}

/**
 * Ends the process when so many of the last events are dead letters that not the events but something else must be wrong: a new
 * schema, another topic. It is asked before a micro-batch is written, so that nothing of it is lost.
 */
export class FloodWatch {
  private readonly isDead: Uint8Array;
  private at = 0;
  private dead = 0;
  private last: EventFailure[] = [];

  constructor(private readonly options: FloodWatchOptions) {
    this.isDead = new Uint8Array(options.window);
  }

  /**
   * Notes what becomes of a micro-batch.
   *
   * @param count events of it
   * @param failures its dead letters
   * @throws StreamError (42) when it must not be written
   */
  note(count: number, failures: readonly EventFailure[]): void {
    const { window, maxRatio, hasDeadLetters } = this.options;
    if (failures.length > 0) {
      this.last = [...this.last, ...failures].slice(-SHOWN);
    }
    if (!hasDeadLetters && failures.length > 0) {
      throw StreamError.input(
        `An event cannot be scored, and no place for dead letters is declared: ${this.reasons()} ` +
          'Correct the event or the mapping, or declare deadLetter. Nothing of its micro-batch was written or acknowledged.',
      );
    }
    const dead = new Set(failures.map(({ index }) => index));
    for (let index = 0; index < count; index += 1) {
      const is = dead.has(index) ? 1 : 0;
      this.dead += is - this.isDead[this.at];
      this.isDead[this.at] = is;
      this.at = (this.at + 1) % window;
    }
    // Not only when so many have been seen: a process that is started again would let as many through before it ends again.
    if (this.dead > maxRatio * window) {
      throw StreamError.input(
        `Of the last ${window} events, or fewer, ${this.dead} are dead letters: more than the share of ${maxRatio} that is ` +
          `allowed (maxDeadLetterRatio). The last reasons: ${this.reasons()} ` +
          'Nothing of this micro-batch was written or acknowledged.',
      );
    }
  }

  private reasons(): string {
    return [...new Set(this.last.map(({ errorClass, reason }) => `[${errorClass}] ${reason}`))].join(' ');
  }
}

import { exponentialDelay } from './exponential-delay';

/** States of a {@link CircuitBreaker}: calls pass, one call probes, no call passes. */
export type BreakerState = 'closed' | 'half-open' | 'open';

/** Options of {@link CircuitBreaker}. */
export interface CircuitBreakerOptions {
  /**
   * So many failures in a row open it.
   *
   * @default 5
   */
  readonly consecutiveFailures?: number;

  /**
   * So large a share of failures among the last 50 calls opens it, from 20 calls on.
   *
   * @default 0.5
   */
  readonly failureRatio?: number;

  /**
   * How long it stays open the first time, in milliseconds; each failed probe doubles it.
   *
   * @default 1000
   */
  readonly openMillis?: number;

  /**
   * Longest time that it stays open, in milliseconds.
   *
   * @default 5000
   */
  readonly maxOpenMillis?: number;

  /**
   * Learns every new state.
   *
   * @default - nobody does
   */
  readonly onChange?: (state: BreakerState) => void;

  /**
   * The clock, in milliseconds.
   *
   * @default performance.now
   */
  readonly now?: () => number;

  /**
   * Random numbers from 0 to 1, for the jitter.
   *
   * @default Math.random
   */
  readonly random?: () => number;
}

/** A call that the breaker let pass. Exactly one of the two is called, once. */
export interface BreakerCall {
  /** The dependency answered. */
  succeeded(): void;

  /** The dependency failed, or answered too late. */
  failed(): void;
}

const WINDOW = 50;
const MINIMUM_CALLS = 20;

/**
 * Keeps calls away from a dependency that fails, so that nobody waits for it and it can recover.
 *
 * Open after failures in a row, or when at least half of the last calls failed. Then, after a time that doubles with each
 * attempt and is spread by a jitter, a single call probes: its success closes the breaker, its failure opens it again.
 * Calls that began before a change of state, and end after it, change nothing.
 */
export class CircuitBreaker {
  private current: BreakerState = 'closed';

  /** Calls of an older epoch say nothing of the present. */
  private epoch = 0;
  private failuresInARow = 0;
  private readonly window = new Uint8Array(WINDOW);
  private calls = 0;
  private failures = 0;
  private openings = 0;
  private probeAt = 0;

  private readonly consecutiveFailures: number;
  private readonly failureRatio: number;
  private readonly openMillis: number;
  private readonly maxOpenMillis: number;
  private readonly now: () => number;

  constructor(private readonly options: CircuitBreakerOptions = {}) {
    this.consecutiveFailures = options.consecutiveFailures ?? 5;
    this.failureRatio = options.failureRatio ?? 0.5;
    this.openMillis = options.openMillis ?? 1000;
    this.maxOpenMillis = options.maxOpenMillis ?? 5000;
    this.now = options.now ?? (() => performance.now());
  }

  get state(): BreakerState {
    return this.current;
  }

  /** Asks for permission to call the dependency; undefined = refused. */
  tryCall(): BreakerCall | undefined {
    if (this.current === 'closed') {
      return this.call(this.epoch);
    }
    if (this.current === 'half-open' || this.now() < this.probeAt) {
      return undefined;
    }
    this.change('half-open');
    return this.call(this.epoch);
  }

  /** The dependency seems to be back: when open, the next call probes without waiting for the rest of the time. */
  probeSoon(): void {
    this.probeAt = Number.NEGATIVE_INFINITY;
  }

  private call(epoch: number): BreakerCall {
    return { succeeded: () => this.ended(epoch, false), failed: () => this.ended(epoch, true) };
  }

  private ended(epoch: number, failed: boolean): void {
    if (epoch !== this.epoch) {
      return;
    }
    if (this.current === 'half-open') {
      if (failed) {
        this.open();
      } else {
        this.close();
      }
      return;
    }
    this.record(failed);
    if (this.failuresInARow >= this.consecutiveFailures || this.mostlyFailing()) {
      this.open();
    }
  }

  private record(failed: boolean): void {
    const position = this.calls % WINDOW;
    this.failures += (failed ? 1 : 0) - this.window[position];
    this.window[position] = failed ? 1 : 0;
    this.calls += 1;
    this.failuresInARow = failed ? this.failuresInARow + 1 : 0;
  }

  private mostlyFailing(): boolean {
    const seen = Math.min(this.calls, WINDOW);
    return seen >= MINIMUM_CALLS && this.failures >= seen * this.failureRatio;
  }

  private open(): void {
    const { openMillis, maxOpenMillis, options } = this;
    this.probeAt = this.now() + exponentialDelay(this.openings, openMillis, maxOpenMillis, options.random);
    this.openings += 1;
    this.change('open');
  }

  private close(): void {
    this.openings = 0;
    this.failuresInARow = 0;
    this.window.fill(0);
    this.calls = 0;
    this.failures = 0;
    this.change('closed');
  }

  private change(state: BreakerState): void {
    this.current = state;
    this.epoch += 1;
    this.options.onChange?.(state);
  }
}

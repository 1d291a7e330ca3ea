import { FetchError } from './error';

/** Limits of one attempt, in milliseconds. */
export interface AttemptLimits {
  /** Longest time for all of it. */
  readonly totalMillis: number;
  /** Longest time in which nothing arrives. */
  readonly stallMillis: number;
}

/** Ends an attempt that takes too long, in which nothing arrives, or that nobody wants any more. */
export class AttemptClock {
  private readonly controller = new AbortController();
  private readonly total: NodeJS.Timeout;
  private readonly stall: NodeJS.Timeout;
  private readonly forward = () => this.controller.abort(this.outer.reason);

  constructor(
    { totalMillis, stallMillis }: AttemptLimits,
    private readonly outer: AbortSignal,
  ) {
    this.total = setTimeout(() => this.abort(`The download took longer than ${totalMillis} ms.`), totalMillis);
    this.stall = setTimeout(() => this.abort(`Nothing arrived for ${stallMillis} ms.`), stallMillis);
    outer.addEventListener('abort', this.forward, { once: true });
    if (outer.aborted) {
      this.forward();
    }
  }

  /** Aborts with the reason as a {@link FetchError}, or with the reason of the outer signal. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Says that something has arrived. */
  received(): void {
    this.stall.refresh();
  }

  stop(): void {
    clearTimeout(this.total);
    clearTimeout(this.stall);
    this.outer.removeEventListener('abort', this.forward);
  }

  private abort(message: string): void {
    this.controller.abort(FetchError.transient(message));
  }
}

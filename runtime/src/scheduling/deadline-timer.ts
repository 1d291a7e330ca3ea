/** Longest time that a timer of Node.js can wait. */
const MOST_MILLIS = 2 ** 31 - 1;

/** One timer for the earliest of many deadlines. */
export class DeadlineTimer {
  private timer: NodeJS.Timeout | undefined;
  private due = Number.POSITIVE_INFINITY;

  /** @param check called when a deadline has passed; returns the next one, infinity when there is none */
  constructor(private readonly check: (now: number) => number) {}

  /** Watches one more deadline, on the clock of `performance.now()`. Those that are later than others cost nothing. */
  watch(deadline: number, now: number): void {
    if (deadline < this.due) {
      this.start(deadline, now);
    }
  }

  /** Watches nothing any more. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.due = Number.POSITIVE_INFINITY;
  }

  private start(deadline: number, now: number): void {
    this.stop();
    if (deadline !== Number.POSITIVE_INFINITY) {
      this.due = deadline;
      // A timer may be early by a fraction of a millisecond.
      this.timer = setTimeout(() => this.fire(), Math.min(MOST_MILLIS, Math.max(0, Math.ceil(deadline - now))));
      this.timer.unref();
    }
  }

  private fire(): void {
    const now = performance.now();
    this.due = Number.POSITIVE_INFINITY;
    this.start(this.check(now), now);
  }
}

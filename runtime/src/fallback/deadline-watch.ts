/** Something that has to happen at a time, unless it is taken out before. */
export interface Watched {
  /** On the clock of `performance.now()`. */
  readonly dueAt: number;

  /** The time has come. It is not watched any more. */
  due(): void;
}

/** A timer may ring this much early: it counts whole milliseconds. */
const EARLY_MILLIS = 0.5;

/** Watches many deadlines with one timer, on the earliest of them. */
export class DeadlineWatch {
  private readonly watched = new Set<Watched>();
  private timer: NodeJS.Timeout | undefined;
  private earliest = Number.POSITIVE_INFINITY;

  add(watched: Watched): void {
    this.watched.add(watched);
    if (watched.dueAt < this.earliest) {
      this.arm(watched.dueAt);
    }
  }

  delete(watched: Watched): void {
    this.watched.delete(watched);
  }

  close(): void {
    clearTimeout(this.timer);
    this.watched.clear();
  }

  private arm(at: number): void {
    clearTimeout(this.timer);
    this.earliest = at;
    // An answer that has arrived already is read before the time is over: the event loop looks at its timers first.
    this.timer = setTimeout(() => setImmediate(() => this.ring()), Math.max(0, at - performance.now()));
  }

  private ring(): void {
    this.earliest = Number.POSITIVE_INFINITY;
    const now = performance.now() + EARLY_MILLIS;
    let earliest = Number.POSITIVE_INFINITY;
    for (const watched of this.watched) {
      if (watched.dueAt <= now) {
        this.watched.delete(watched);
        watched.due();
      } else {
        earliest = Math.min(earliest, watched.dueAt);
      }
    }
    if (earliest < this.earliest) {
      this.arm(earliest);
    }
  }
}

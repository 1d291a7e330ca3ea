/** A run that is under way. */
export interface RunUnderWay {
  /** Notes that the engine is done with it. The second call does nothing. */
  evaluated(): void;

  /** Notes that its answers are written. */
  answered(): void;
}

/** The runs of a model that are under way. */
export class RunsUnderWay {
  /** Runs that the engine has. */
  evaluating = 0;

  private unanswered = 0;
  private end = 0;

  /** When the engine will have done all of them, on the clock of `performance.now()`; 0 when it has none. */
  get busyUntil(): number {
    return this.evaluating === 0 ? 0 : this.end;
  }

  /** Whether all are answered. */
  get none(): boolean {
    return this.unanswered === 0;
  }

  /**
   * Notes that a run begins.
   *
   * @param seconds that it is expected to take
   * @param parallel runs that go on at the same time
   */
  begin(seconds: number, parallel: number, now: number): RunUnderWay {
    this.evaluating += 1;
    this.unanswered += 1;
    this.end = Math.max(now, this.end) + (seconds * 1000) / parallel;
    let evaluating = true;
    const evaluated = () => {
      if (evaluating) {
        evaluating = false;
        this.evaluating -= 1;
      }
    };
    const answered = () => {
      evaluated();
      this.unanswered -= 1;
    };
    return { evaluated, answered };
  }
}

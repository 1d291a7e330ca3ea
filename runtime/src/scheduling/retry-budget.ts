/** Retries allowed for each first attempt. */
const RATIO = 0.2;

/** Retries allowed each second, however few first attempts there are. */
const FLOOR_PER_SECOND = 10;

/** Retries that quiet times can save up. */
const MOST_SAVED = 100;

/**
 * Bounds retries by a share of the first attempts: 20 % of them and 10 a second. When a dependency fails for all, retries
 * must not multiply its load.
 */
export class RetryBudget {
  private earned = 0;
  private floor = FLOOR_PER_SECOND;
  private refilled: number;

  /** @param now the clock, in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.refilled = now();
  }

  /** Notes a first attempt. */
  attempted(): void {
    this.earned = Math.min(MOST_SAVED, this.earned + RATIO);
  }

  /** Takes a retry from the budget; false when none is left. */
  tryRetry(): boolean {
    const now = this.now();
    this.floor = Math.min(FLOOR_PER_SECOND, this.floor + ((now - this.refilled) / 1000) * FLOOR_PER_SECOND);
    this.refilled = now;
    if (this.floor >= 1) {
      this.floor -= 1;
      return true;
    }
    // Rounding must not cost the fifth attempt its retry.
    if (this.earned >= 1 - 1e-9) {
      this.earned -= 1;
      return true;
    }
    return false;
  }
}

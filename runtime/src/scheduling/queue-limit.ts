/** Length of the intervals over which the queue is judged. */
const INTERVAL_MILLIS = 100;

/** A queue in which every request waits longer than this, while it grows, is too long. */
const TARGET_MILLIS = 40;

/** Intervals in a row in which more requests come than go, after which the queue is taken for overload. */
const GROWING_INTERVALS = 5;

/** More than this part above what goes is growth. */
const GROWING = 1.05;

/** A limit that was shrunk for so many intervals is lifted to see whether it is still needed: first, and at most. */
const FIRST_PROBE = 50;
const LAST_PROBE = 600;

/** The limit grows by this factor after an interval without refusals. */
const GROWTH = 1.25;

/** The limit shrinks by no more than this factor in one interval. */
const SHRINKAGE = 0.5;

/**
 * How many requests may wait.
 *
 * A long queue that does not grow is no overload: so do a fixed number of clients wait that each send the next request after
 * the answer. Nor is one that grows for a moment. But when it goes on growing, more requests come than can be answered, and a
 * long queue makes all of them late: then the limit shrinks until requests wait for {@link TARGET_MILLIS}, and the others
 * are refused at once. It recovers when none needs to be refused, when the model was idle, and now and then to see what
 * happens: clients that are refused and ask again at once look like more of them. Source: CoDel (RFC 8289), AIMD.
 */
export class QueueLimit {
  /** Most requests that may wait now. */
  requests: number;

  private added = 0;
  private taken = 0;
  private refused = 0;
  private growing = 0;
  private shrunk = 0;
  private probe = FIRST_PROBE;
  private shortestWait = Number.POSITIVE_INFINITY;
  private intervalEnd = 0;

  /**
   * @param most most requests that may ever wait
   * @param least the limit does not shrink below this
   */
  constructor(
    private readonly most: number,
    private readonly least: number,
  ) {
    this.requests = most;
  }

  /** Notes that nothing waits and nothing runs: whatever was too much is over. */
  noteIdle(): void {
    this.requests = this.most;
    this.growing = 0;
    this.shrunk = 0;
    this.probe = FIRST_PROBE;
  }

  /** Notes that a request was added to the queue. */
  noteArrival(): void {
    this.added += 1;
  }

  /** Notes that a request was refused because the queue was full. */
  noteRefusal(): void {
    this.refused += 1;
  }

  /**
   * Notes that a request left the queue for a run.
   *
   * @param waitMillis how long it had waited
   */
  noteWait(waitMillis: number): void {
    this.taken += 1;
    this.shortestWait = Math.min(this.shortestWait, waitMillis);
  }

  /**
   * Judges the queue, when an interval has passed.
   *
   * @param waiting requests that wait now
   * @param runMillis length of a full run: nobody waits for less than that
   * @param now on the clock of `performance.now()`
   */
  judge(waiting: number, runMillis: number, now: number): void {
    if (now < this.intervalEnd) {
      return;
    }
    const { added, taken, refused, shortestWait, requests, most, least } = this;
    const target = Math.max(TARGET_MILLIS, 2 * runMillis);
    const isLong = shortestWait > target && shortestWait !== Number.POSITIVE_INFINITY;
    this.growing = isLong && added > taken * GROWING + 1 ? this.growing + 1 : 0;
    this.shrunk = requests < most ? this.shrunk + 1 : 0;
    if (refused > 0 && this.shrunk >= this.probe) {
      this.requests = most;
      this.growing = 0;
      this.shrunk = 0;
      this.probe = Math.min(LAST_PROBE, this.probe * 2);
    } else if (isLong && (refused > 0 || this.growing >= GROWING_INTERVALS)) {
      const factor = Math.max(SHRINKAGE, target / shortestWait);
      this.requests = Math.max(Math.min(least, most), Math.floor(Math.min(requests, waiting) * factor));
    } else if (refused === 0 || shortestWait < target / 2) {
      this.requests = Math.min(most, Math.ceil(requests * GROWTH));
    }
    this.added = 0;
    this.taken = 0;
    this.refused = 0;
    this.shortestWait = Number.POSITIVE_INFINITY;
    this.intervalEnd = now + INTERVAL_MILLIS;
  }
}

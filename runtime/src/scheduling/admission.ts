import type { RequestError } from '../protocol';
import type { RunMeter } from '../telemetry';
import type { CostEstimate } from './cost-estimate';
import { type Job, PRIORITIES, type Priority } from './job';
import { bytesOf, type JobQueue } from './job-queue';
import { QueueLimit } from './queue-limit';
import { tooManyRequests } from './refusals';

/** Bounds of what waits for a model. */
export interface QueueLimits {
  /** Most requests that wait. Absent = about as many as the model answers in a second. */
  readonly queuedRequests?: number;

  /** Most rows that wait; a request with more is taken when nothing waits. */
  readonly queuedRows: number;

  /** Most memory of inputs that wait, in bytes; a request with more is taken when nothing waits. */
  readonly queuedBytes: number;
}

/** Time and room are known by experience, so a request is taken only when they suffice for this many times its need. */
const CAUTION = 1.3;

/** Without a number, as many requests may wait as are answered in this time, within these bounds. */
const QUEUED_SECONDS = 1;
const LEAST_QUEUED = 256;
const MOST_QUEUED = 8192;

/** The limit of the queue never shrinks below this: a few clients that each wait for an answer are no overload. */
const LEAST_LIMIT = 32;

/** How the runs of a model go. */
export interface RunState {
  /** Rows of a full shared run; 1 when requests share none. */
  readonly batchRows: number;

  /** Whether requests share runs. */
  readonly sharing: boolean;

  /** Runs that go on at the same time. */
  readonly parallel: number;

  /** When the runs that are under way will have ended, on the clock of `performance.now()`; 0 when none is. */
  readonly busyUntil: number;
}

/** Decides which requests may wait: such as will be answered in time, and no more than there is room for. */
export class Admission {
  readonly limit: QueueLimit;

  constructor(
    private readonly queue: JobQueue,
    private readonly cost: CostEstimate,
    private readonly limits: QueueLimits,
    private readonly meter: Pick<RunMeter, 'shed'>,
    private readonly state: RunState,
  ) {
    const rowSeconds = cost.seconds(state.batchRows) / state.batchRows;
    const inASecond = rowSeconds > 0 ? Math.ceil(QUEUED_SECONDS / rowSeconds) : MOST_QUEUED;
    const most = limits.queuedRequests ?? Math.max(LEAST_QUEUED, Math.min(MOST_QUEUED, inASecond));
    this.limit = new QueueLimit(most, Math.max(LEAST_LIMIT, state.batchRows));
  }

  /**
   * Asks whether a request of one row would be taken, before it is read. It costs next to nothing.
   *
   * @param expiresAt on the clock of `performance.now()`
   * @returns why not; undefined when it would be
   */
  refusal(expiresAt: number, priority: Priority = PRIORITIES.interactive): RequestError | undefined {
    const { queue } = this;
    if (queue.requests === 0) {
      return undefined;
    }
    if (this.isFull(0) && queue.requestsAhead(priority) === queue.requests) {
      return this.refuse('queue-full');
    }
    return this.isInTime(1, expiresAt, priority, performance.now()) ? undefined : this.refuse('deadline');
  }

  /**
   * Decides on a request. Those of lower priority make room for it.
   *
   * @param evict takes a job that was thrown out
   * @returns why it is not taken; undefined when it is
   */
  admit(job: Job, now: number, evict: (job: Job) => void): RequestError | undefined {
    const { queue } = this;
    const rows = job.rows ?? 1;
    if (queue.requests === 0 && this.state.busyUntil === 0) {
      this.limit.noteIdle();
      return undefined; // whatever is expected of it: expectations are learned from runs
    }
    if (!this.isInTime(rows, job.expiresAt, job.priority, now)) {
      return this.refuse('deadline');
    }
    const bytes = queue.requests === 0 ? 0 : bytesOf(job.inputs);
    while (this.isFull(rows, bytes)) {
      const evicted = queue.evictBelow(job.priority, now);
      if (evicted === undefined) {
        return this.refuse('queue-full');
      }
      this.meter.shed.priority.value += 1;
      evict(evicted);
    }
    return undefined;
  }

  /** The answer to a request that was thrown out. */
  get evicted(): RequestError {
    return tooManyRequests(this.waitSeconds(PRIORITIES.batch, performance.now()));
  }

  private refuse(reason: 'deadline' | 'queue-full'): RequestError {
    this.meter.shed[reason].value += 1;
    if (reason === 'queue-full') {
      this.limit.noteRefusal();
    }
    return tooManyRequests(this.waitSeconds(PRIORITIES.batch, performance.now()));
  }

  private isFull(rows: number, bytes = 0): boolean {
    const { queue, limits } = this;
    return (
      queue.requests >= this.limit.requests ||
      (queue.requests > 0 && (queue.rows + rows > limits.queuedRows || queue.bytes + bytes > limits.queuedBytes))
    );
  }

  private isInTime(rows: number, expiresAt: number, priority: Priority, now: number): boolean {
    const { queue, cost, state } = this;
    const remaining = (expiresAt - now) / 1000;
    // Mostly there is more than enough time, which is seen without looking closely.
    const batches = Math.ceil((queue.rows + rows) / state.batchRows);
    const most = (batches + 1) * cost.seconds(state.batchRows) + Math.max(0, state.busyUntil - now) / 1000;
    return most * CAUTION < remaining || this.answerSeconds(rows, priority, now) * CAUTION < remaining;
  }

  /** Expected seconds until a new job has its answer: with the run that takes what is left over from the full ones. */
  private answerSeconds(rows: number, priority: Priority, now: number): number {
    const { queue, cost, state } = this;
    const beside = state.sharing ? queue.rowsAhead(priority) % state.batchRows : 0;
    return this.waitSeconds(priority, now) + cost.seconds(Math.max(rows, Math.min(state.batchRows, beside + rows)));
  }

  /** Expected seconds until a new job of this priority would be run. */
  private waitSeconds(priority: Priority, now: number): number {
    const { queue, cost, state } = this;
    const { sharing, batchRows, parallel, busyUntil } = state;
    const rows = queue.rowsAhead(priority);
    const full = sharing ? Math.floor(rows / batchRows) : queue.requestsAhead(priority);
    // A run that is not full takes the new job with it.
    return Math.max(0, busyUntil - now) / 1000 + (full * cost.seconds(batchRows)) / parallel;
  }
}

import type { BatchingConfig } from '../contract';
import { DATATYPES, type LoadedModel, outputBytesOfRow, type Tensor } from '../model';
import type { Logger, RunMeter } from '../telemetry';
import { Admission, type QueueLimits } from './admission';
import { BatchLimit } from './batch-limit';
import { BatchRunner } from './batch-runner';
import { CostEstimate } from './cost-estimate';
import { DeadlineTimer } from './deadline-timer';
import type { Inference, Job } from './job';
import { JobQueue } from './job-queue';
import { ANSWER_TOO_LARGE, EXPIRED, UNLOADED } from './refusals';
import { SplitJob } from './split-job';

/** Bounds of a {@link Batcher}. */
export interface BatcherLimits extends QueueLimits {
  /** How long runs may follow each other before other events get their turn, in seconds. */
  readonly turnSeconds: number;

  /** Largest answer of one request in memory, in bytes. */
  readonly answerBytes: number;
}

/** Limits that fit most models. */
export const BATCHER_LIMITS: BatcherLimits = {
  queuedRows: 65_536,
  queuedBytes: 64 * 1024 * 1024,
  turnSeconds: 0.004,
  answerBytes: 64 * 1024 * 1024,
};

/** Most rows in a shared run of a model that could not be measured. */
const UNMEASURED_ROWS = 64;

/** Outputs of a shared run take about this much memory at most, in bytes. */
const OUTPUT_BYTES = 64 * 1024 * 1024;

/** A larger run is tried when it is expected to be shorter than this, in the event loop and in a worker thread, in seconds. */
const LARGER_SECONDS = { inline: 0.001, worker: 0.2 } as const;

/** A run in a worker thread is given rows for this time at least, when they wait: less is not worth the way there, in seconds. */
const WORKER_SECONDS = 0.005;

/** A request with more rows than a worker thread evaluates in this time is run in parts, in seconds. */
const PART_SECONDS = 0.02;

/**
 * Runs a model for many requests.
 *
 * An idle model takes what is queued at once: all that arrived in one turn of the event loop share a run, when the rows of
 * the model are independent; what arrives during a run is the next one. Models whose requests cannot share a run are run
 * for one request after the other in one go, and all answers are written after that.
 *
 * What cannot be answered in time is refused when it comes, and what has expired is dropped before its run.
 */
export class Batcher implements Inference {
  /** Decides what may wait; also before a request is read. */
  readonly admission: Admission;

  private readonly queue = new JobQueue();
  private readonly cost: CostEstimate;
  private readonly runner: BatchRunner;
  private readonly deadlines = new DeadlineTimer((now) => this.queue.sweep(now, this.drop));
  private readonly limit: BatchLimit;

  /** Runs that are under way, and when they will have ended. */
  private running = 0;
  private busyUntil = 0;

  /** Memory of one row of the outputs: as far as the signature tells, and as in the last run. */
  private readonly knownBytesOfRow: number;
  private outputBytesOfRow: number;

  private scheduled = false;
  private held: NodeJS.Timeout | undefined;
  private closed = false;
  private idleWaiters: (() => void)[] = [];

  constructor(
    private readonly model: LoadedModel,
    private readonly meter: RunMeter,
    logger: Logger,
    private readonly limits: BatcherLimits = BATCHER_LIMITS,
    private readonly batching: BatchingConfig = {},
  ) {
    this.cost = new CostEstimate(model.cost?.points);
    const rows = batching.maxBatchSize ?? model.cost?.worthwhileRows ?? UNMEASURED_ROWS;
    const kind = batching.maxBatchSize !== undefined ? 'fixed' : model.cost?.settled === true ? 'measured' : 'open';
    this.limit = new BatchLimit(rows, kind);
    this.knownBytesOfRow = outputBytesOfRow(model.signature) ?? 0;
    this.outputBytesOfRow = this.knownBytesOfRow;
    this.runner = new BatchRunner({
      model,
      meter,
      logger,
      answerBytes: limits.answerBytes,
      onRun: (rows, seconds, outputBytes) => {
        this.cost.observe(rows, seconds);
        this.limit.observe(rows, seconds);
        this.outputBytesOfRow = outputBytes / Math.max(1, rows);
      },
    });
    this.admission = new Admission(this.queue, this.cost, limits, meter, this.runState());
    meter.watchQueue(() => this.reading());
  }

  submit(job: Job): void {
    if (job.rows === 0 && this.model.independentRows) {
      this.answerNoRows(job);
      return;
    }
    const refusal = this.closed ? UNLOADED : this.tooLarge(job);
    if (refusal !== undefined) {
      job.fail(refusal);
      return;
    }
    const now = performance.now();
    const refused = this.admission.admit(job, now, (evicted) => evicted.fail(this.admission.evicted));
    if (refused !== undefined) {
      job.fail(refused);
      return;
    }
    const partRows = this.partRows(job.rows ?? 1);
    if (partRows !== undefined) {
      const { answer } = this.runner;
      const runWhole = (whole: Job) => this.enqueue(whole, performance.now());
      for (const part of new SplitJob(job, partRows, { answer, runWhole }).parts) {
        this.enqueue(part, now);
      }
    } else {
      this.enqueue(job, now);
    }
  }

  /** Resolves when nothing waits and nothing runs. */
  idle(): Promise<void> {
    return this.isIdle() ? Promise.resolve() : new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  /** Takes no more requests, and resolves when those that it has taken are answered. */
  async close(): Promise<void> {
    this.closed = true;
    await this.idle();
    this.deadlines.stop();
  }

  private enqueue(job: Job, now: number): void {
    this.queue.add(job, now);
    this.admission.limit.noteArrival();
    this.deadlines.watch(job.expiresAt, now);
    if (!this.scheduled && this.hasPlace()) {
      this.scheduled = true;
      // After everything that has arrived in this turn of the event loop.
      setImmediate(this.startTurn);
    }
  }

  private readonly startTurn = (): void => {
    this.scheduled = false;
    this.startRuns();
  };

  /** Starts as many runs as there is place for. */
  private startRuns(): void {
    clearTimeout(this.held);
    this.held = undefined;
    if (!this.hasPlace()) {
      return;
    }
    const now = performance.now();
    let turnSeconds = this.model.session.workers > 0 ? Number.POSITIVE_INFINITY : this.limits.turnSeconds;
    // In the event loop, the runs of one turn follow each other.
    while (turnSeconds > 0 && this.queue.requests > 0 && (this.model.session.workers === 0 || this.hasPlace())) {
      if (this.hold(now)) {
        break;
      }
      const jobs = this.take(now);
      if (jobs.length === 0) {
        break;
      }
      turnSeconds -= this.start(jobs, now);
    }
    if (this.isIdle()) {
      for (const resolve of this.idleWaiters.splice(0)) {
        resolve();
      }
    }
  }

  /** @returns the seconds that it is expected to take */
  private start(jobs: readonly Job[], now: number): number {
    const { limit } = this.admission;
    let rows = 0;
    for (const job of jobs) {
      rows += job.rows ?? 1;
      limit.noteWait(job.times.queue * 1000);
    }
    const seconds = this.runner.sharing ? this.cost.seconds(rows) : this.cost.seconds(1) * jobs.length;
    limit.judge(this.queue.requests, seconds * 1000, now);
    this.running += 1;
    this.busyUntil = Math.max(now, this.busyUntil) + (seconds * 1000) / this.parallel;
    void this.runner.run(jobs).then(() => {
      this.running -= 1;
      if (this.hasPlace()) {
        this.startRuns();
      }
    });
    return seconds;
  }

  private take(now: number): Job[] {
    const { sharing } = this.runner;
    return this.queue.take({ most: sharing ? this.batchRows() : this.jobsAlone(), sharing, now, drop: this.drop });
  }

  private readonly drop = (job: Job): void => {
    if (job.abandoned) {
      this.meter.shed.abandoned.value += 1;
      job.discard();
    } else {
      this.meter.shed.expired.value += 1;
      job.fail(EXPIRED);
    }
  };

  /** Whether a run can start. A worker thread gets its next full run early, so that it need not wait for it. */
  private hasPlace(): boolean {
    const { workers } = this.model.session;
    if (this.running < Math.max(1, workers)) {
      return true;
    }
    const waiting = this.runner.sharing ? this.queue.rows >= this.mostRows : this.queue.requests > 0;
    return waiting && this.running < 2 * workers;
  }

  /** Most rows of several requests in one run. */
  private get mostRows(): number {
    const { rows } = this.limit;
    if (this.model.session.workers === 0 || this.batching.maxBatchSize !== undefined) {
      return rows;
    }
    const seconds = this.cost.seconds(rows);
    return seconds > 0 && seconds < WORKER_SECONDS ? Math.floor((WORKER_SECONDS / seconds) * rows) : rows;
  }

  private get parallel(): number {
    return Math.max(1, this.model.session.workers);
  }

  /** Rows of the next shared run: a preferred size when enough wait for one, else as many as are worthwhile. */
  private batchRows(): number {
    const { preferredBatchSizes = [] } = this.batching;
    let rows = 0;
    for (const size of preferredBatchSizes) {
      if (size <= this.queue.rows && size > rows) {
        rows = size;
      }
    }
    if (rows === 0) {
      const seconds = this.cost.seconds(2 * this.limit.rows);
      const mayGrow = seconds < (this.model.session.workers > 0 ? LARGER_SECONDS.worker : LARGER_SECONDS.inline);
      rows = Math.max(this.limit.next(this.queue.rows, mayGrow), this.mostRows);
    }
    const affordable = Math.floor(OUTPUT_BYTES / Math.max(1, this.outputBytesOfRow));
    return Math.max(1, Math.min(rows, affordable));
  }

  /** Jobs that are run one after the other in one go, when they share no run. */
  private jobsAlone(): number {
    return this.model.session.workers > 0
      ? 1
      : Math.max(1, Math.floor(this.limits.turnSeconds / Math.max(this.cost.seconds(1), 1e-6)));
  }

  /** Rows of a part, when a request would take too long in one run; undefined when it is run whole. */
  private partRows(rows: number): number | undefined {
    const { cost, mostRows } = this;
    const seconds = cost.seconds(rows);
    const partSeconds = this.model.session.workers > 0 ? PART_SECONDS : this.limits.turnSeconds;
    // As long as it is not known that a larger run takes longer, parts might cost many times as much as the whole.
    const known = this.model.cost?.settled === true || cost.knows(rows);
    if (!this.runner.sharing || !known || rows <= mostRows || seconds <= partSeconds) {
      return undefined;
    }
    return Math.max(mostRows, Math.floor((rows * partSeconds) / seconds));
  }

  /** Whether to wait for more requests, as far as that is declared; a timer ends the waiting. */
  private hold(now: number): boolean {
    const { maxDelayMillis = 0, preferredBatchSizes } = this.batching;
    if (maxDelayMillis === 0 || !this.runner.sharing || this.closed) {
      return false;
    }
    const wanted = Math.min(...(preferredBatchSizes ?? [this.mostRows]));
    const oldest = this.queue.oldest();
    const first = this.queue.first();
    if (this.queue.rows >= wanted || oldest === undefined || first === undefined) {
      return false;
    }
    // What is due first must still be run in time.
    const latest = first.expiresAt - 2000 * this.cost.seconds(wanted);
    const millis = Math.min(oldest + maxDelayMillis, latest) - now;
    if (millis <= 0) {
      return false;
    }
    this.held = setTimeout(() => this.startRuns(), Math.ceil(millis));
    return true;
  }

  private isIdle(): boolean {
    return this.running === 0 && this.queue.requests === 0 && !this.scheduled;
  }

  /** Refuses what is known to give too large an answer. */
  private tooLarge(job: Job) {
    return this.knownBytesOfRow * (job.rows ?? 1) > this.limits.answerBytes ? ANSWER_TOO_LARGE : undefined;
  }

  /** The answer to a request without rows; an engine need not be able to run those. */
  private answerNoRows(job: Job): void {
    const outputs = this.model.signature.outputs.map(
      ({ datatype, shape }): Tensor => ({
        datatype,
        shape: [0, ...shape.slice(1).map((size) => Math.max(0, size))],
        data: DATATYPES[datatype].allocate(0),
      }),
    );
    this.runner.answer(job, outputs, 0);
  }

  private runState() {
    const batcher = this;
    return {
      get batchRows() {
        return batcher.runner.sharing ? batcher.mostRows : 1;
      },
      get sharing() {
        return batcher.runner.sharing;
      },
      get parallel() {
        return batcher.parallel;
      },
      get busyUntil() {
        return batcher.running === 0 ? 0 : batcher.busyUntil;
      },
    };
  }

  private reading() {
    const { queue, runner, mostRows } = this;
    const oldest = queue.oldest();
    return {
      requests: queue.requests,
      rows: queue.rows,
      oldestSeconds: oldest === undefined ? 0 : (performance.now() - oldest) / 1000,
      batchLimit: runner.sharing ? mostRows : 1,
    };
  }
}

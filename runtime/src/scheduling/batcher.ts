import type { BatchingConfig } from '../contract';
import type { LoadedModel } from '../model';
import type { Logger, RunMeter } from '../telemetry';
import { Admission } from './admission';
import { BatchRunner } from './batch-runner';
import { BATCHER_LIMITS, type BatcherLimits } from './batcher-limits';
import { DeadlineTimer } from './deadline-timer';
import type { Inference, Job } from './job';
import { JobQueue } from './job-queue';
import { outputsWithoutRows } from './no-rows';
import { ANSWER_TOO_LARGE, EXPIRED, UNLOADED } from './refusals';
import { RunSizes } from './run-sizes';
import { RunsUnderWay } from './runs-under-way';
import { SplitJob } from './split-job';

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
  private readonly sizes: RunSizes;
  private readonly runner: BatchRunner;
  private readonly deadlines = new DeadlineTimer((now) => this.queue.sweep(now, this.drop));

  private readonly underWay = new RunsUnderWay();

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
    this.sizes = new RunSizes(model, batching, limits.turnSeconds);
    this.runner = new BatchRunner({
      model,
      meter,
      logger,
      answerBytes: limits.answerBytes,
      onRun: (rows, seconds, outputBytes) => this.sizes.observe(rows, seconds, outputBytes),
    });
    this.admission = new Admission(this.queue, this.sizes.cost, limits, meter, this.runState());
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
    const partRows = this.runner.sharing ? this.sizes.part(job.rows ?? 1) : undefined;
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
    const busyMillis = Math.max(0, this.underWay.busyUntil - now);
    let rows = 0;
    for (const job of jobs) {
      rows += job.rows ?? 1;
      limit.noteWait(job.times.queue * 1000 + busyMillis);
    }
    const seconds = this.runner.sharing ? this.sizes.cost.seconds(rows) : this.sizes.cost.seconds(1) * jobs.length;
    limit.judge(this.queue.requests, seconds * 1000, now);
    const run = this.underWay.begin(seconds, this.parallel, now);
    // A thread gets its next run before the answers of the last are written; in the event loop that would hold them up.
    const evaluated = () => {
      if (this.model.session.workers > 0) {
        run.evaluated();
        this.startRuns();
      }
    };
    void this.runner.run(jobs, evaluated).then(() => {
      run.answered();
      this.startRuns();
    });
    return seconds;
  }

  private take(now: number): Job[] {
    const { queue, sizes } = this;
    const { sharing } = this.runner;
    const remainingSeconds = ((queue.first()?.expiresAt ?? now) - now) / 1000;
    return queue.take({
      most: sharing ? sizes.next(queue.rows, remainingSeconds) : sizes.alone,
      sharing,
      now,
      drop: this.drop,
    });
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

  /** Whether a run can start. A worker thread gets its next full run early, where waiting for a short one would cost it more. */
  private hasPlace(): boolean {
    const { workers } = this.model.session;
    if (this.underWay.evaluating < this.parallel) {
      return true;
    }
    if (this.underWay.evaluating >= 2 * workers || !this.sizes.short) {
      return false;
    }
    return this.runner.sharing ? this.queue.rows >= this.sizes.most : this.queue.requests > 0;
  }

  private get parallel(): number {
    return Math.max(1, this.model.session.workers);
  }

  /** Whether to wait for more requests, as far as that is declared; a timer ends the waiting. */
  private hold(now: number): boolean {
    const { maxDelayMillis = 0, preferredBatchSizes } = this.batching;
    if (maxDelayMillis === 0 || !this.runner.sharing || this.closed) {
      return false;
    }
    const wanted = Math.min(...(preferredBatchSizes ?? [this.sizes.most]));
    const oldest = this.queue.oldest();
    const first = this.queue.first();
    if (this.queue.rows >= wanted || oldest === undefined || first === undefined) {
      return false;
    }
    // What is due first must still be run in time.
    const latest = first.expiresAt - 2000 * this.sizes.cost.seconds(wanted);
    const millis = Math.min(oldest + maxDelayMillis, latest) - now;
    if (millis <= 0) {
      return false;
    }
    this.held = setTimeout(() => this.startRuns(), Math.ceil(millis));
    return true;
  }

  private isIdle(): boolean {
    return this.underWay.none && this.queue.requests === 0 && !this.scheduled;
  }

  /** Refuses what is known to give too large an answer. */
  private tooLarge(job: Job) {
    return this.sizes.knownOutputBytes(job.rows ?? 1) > this.limits.answerBytes ? ANSWER_TOO_LARGE : undefined;
  }

  /** The answer to a request without rows; an engine need not be able to run those. */
  private answerNoRows(job: Job): void {
    this.runner.answer(job, outputsWithoutRows(this.model.signature, job.inputs), 0);
  }

  private runState() {
    const batcher = this;
    return {
      get batchRows() {
        return batcher.runner.sharing ? batcher.sizes.most : 1;
      },
      get sharing() {
        return batcher.runner.sharing;
      },
      get parallel() {
        return batcher.parallel;
      },
      get busyUntil() {
        return batcher.underWay.busyUntil;
      },
    };
  }

  private reading() {
    const { queue, runner, sizes } = this;
    const oldest = queue.oldest();
    return {
      requests: queue.requests,
      rows: queue.rows,
      oldestSeconds: oldest === undefined ? 0 : (performance.now() - oldest) / 1000,
      batchLimit: runner.sharing ? sizes.most : 1,
    };
  }
}

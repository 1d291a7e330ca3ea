import { DATATYPES, type LoadedModel, rowCount, stackRows, type Tensor } from '../model';
import { RequestError } from '../protocol';
import { errorMessage, type Logger, type RunMeter } from '../telemetry';
import { failureOf } from './engine-failure';
import type { Inference, Job } from './job';

/** Bounds of a {@link Batcher}. */
export interface BatcherLimits {
  /** Most requests that wait. */
  readonly queuedRequests: number;

  /** Most rows that wait; a request with more is taken when nothing waits. */
  readonly queuedRows: number;

  /** Most rows of several requests in one run. */
  readonly batchRows: number;

  /** How long runs of single requests may follow each other before other events get their turn, in seconds. */
  readonly turnSeconds: number;
}

/** Limits that fit a model of a few milliseconds: what waits is answered within a second or so. */
export const BATCHER_LIMITS: BatcherLimits = {
  queuedRequests: 1024,
  queuedRows: 16_384,
  batchRows: 64,
  turnSeconds: 0.004,
};

/**
 * Runs a model for many requests.
 *
 * It never waits for more requests: all that arrived in one turn of the event loop share a run, when the rows of the
 * model are independent; what arrives during a run is the next one. Models whose requests cannot share a run are run
 * for one request after the other in one go, and all answers are written after that.
 *
 * A request that makes a shared run fail is found by running each alone, so that it fails alone.
 */
export class Batcher implements Inference {
  private queue: Job[] = [];
  private queuedRows = 0;
  private working = false;
  private sharing: boolean;

  /** Expected seconds of a run for a single request. */
  private secondsAlone = 0;
  private idleWaiters: (() => void)[] = [];

  constructor(
    private readonly model: LoadedModel,
    private readonly meter: RunMeter,
    private readonly logger: Logger,
    private readonly limits: BatcherLimits = BATCHER_LIMITS,
  ) {
    this.sharing = model.independentRows;
  }

  submit(job: Job): void {
    if (job.rows === 0 && this.model.independentRows) {
      this.deliver(job, this.noRows(), undefined);
      return;
    }
    const rows = job.rows ?? 1;
    if (
      this.queue.length >= this.limits.queuedRequests ||
      (this.queue.length > 0 && this.queuedRows + rows > this.limits.queuedRows)
    ) {
      job.fail(
        new RequestError(429, 'Too many requests are waiting for this model; try again later.', { 'Retry-After': '1' }),
      );
      return;
    }
    this.queue.push(job);
    this.queuedRows += rows;
    if (!this.working) {
      this.working = true;
      // After everything that has arrived in this turn of the event loop.
      setImmediate(() => void this.work());
    }
  }

  /** Resolves when nothing waits and nothing runs. */
  idle(): Promise<void> {
    return this.working ? new Promise((resolve) => this.idleWaiters.push(resolve)) : Promise.resolve();
  }

  private async work(): Promise<void> {
    for (let jobs = this.take(); jobs.length > 0; jobs = this.take()) {
      try {
        await (this.sharing && jobs.length > 1 ? this.runTogether(jobs) : this.runAlone(jobs));
      } catch (error) {
        // A fault of this program: the requests get an answer all the same, and the next ones are served.
        this.logger.error({ error }, 'a batch failed unexpectedly');
        for (const job of jobs) {
          job.fail(new RequestError(500, 'The prediction failed unexpectedly.'));
        }
      }
    }
    this.working = false;
    for (const resolve of this.idleWaiters.splice(0)) {
      resolve();
    }
  }

  /** The jobs of the next turn: such that can share a run, or some that are run one after the other. */
  private take(): Job[] {
    const now = performance.now();
    const taken: Job[] = [];
    const left: Job[] = [];
    let shape: readonly Tensor[] | undefined;
    let rows = 0;
    const most = this.sharing ? this.limits.batchRows : this.jobsInATurn();
    for (const job of this.queue) {
      if (job.abandoned) {
        job.discard();
        continue;
      }
      if (job.expiresAt <= now) {
        job.fail(new RequestError(504, 'The request waited longer than its time limit and was not run.'));
        continue;
      }
      const size = this.sharing ? (job.rows ?? most) : 1;
      const fits =
        taken.length === 0 ||
        (rows + size <= most && (!this.sharing || (job.rows !== undefined && sameTails(shape, job.inputs))));
      if (!fits) {
        left.push(job);
        continue;
      }
      taken.push(job);
      rows += size;
      // A job without a number of rows shares with none.
      shape ??= job.rows === undefined ? [] : job.inputs;
    }
    this.queue = left;
    this.queuedRows = 0;
    for (const job of left) {
      this.queuedRows += job.rows ?? 1;
    }
    return taken;
  }

  private jobsInATurn(): number {
    return Math.max(1, Math.floor(this.limits.turnSeconds / Math.max(this.secondsAlone, 1e-6)));
  }

  private async runTogether(jobs: readonly Job[]): Promise<void> {
    const inputs = this.model.signature.inputs.map((_, index) => stackRows(jobs.map((job) => job.inputs[index])));
    let outputs: readonly Tensor[];
    try {
      outputs = await this.run(inputs);
    } catch {
      return this.runAlone(jobs); // one of them is the reason: it is found, and the others are answered
    }
    const rows = rowCount(inputs[0]);
    if (outputs.some(({ shape }) => shape[0] !== rows)) {
      this.logger.warn(
        { rows },
        'the model does not answer one row for each row; its requests are run alone from now on',
      );
      this.sharing = false;
      return this.runAlone(jobs);
    }
    let firstRow = 0;
    for (const job of jobs) {
      this.deliver(job, outputs, firstRow);
      firstRow += job.rows ?? 0;
    }
  }

  private async runAlone(jobs: readonly Job[]): Promise<void> {
    // All are started at once, and the engine runs one after the other; answers are written after the last run.
    const results = await Promise.allSettled(jobs.map((job) => this.run(job.inputs)));
    const failed: { job: Job; error: unknown }[] = [];
    results.forEach((result, index) => {
      if (result.status === 'fulfilled') {
        this.deliver(jobs[index], result.value, undefined);
      } else {
        failed.push({ job: jobs[index], error: result.reason });
      }
    });
    if (failed.length > 0) {
      const healthy = await this.isHealthy();
      for (const { job, error } of failed) {
        job.fail(failureOf(error, healthy));
      }
    }
  }

  /** The answer to a request without rows; an engine need not be able to run those. */
  private noRows(): Tensor[] {
    return this.model.signature.outputs.map(({ datatype, shape }) => ({
      datatype,
      shape: [0, ...shape.slice(1).map((size) => Math.max(0, size))],
      data: DATATYPES[datatype].allocate(0),
    }));
  }

  private async run(inputs: readonly Tensor[]): Promise<readonly Tensor[]> {
    const { outputs, seconds } = await this.model.session.run(inputs);
    this.meter.seconds.observe(seconds);
    this.meter.rows.observe(inputs.length === 0 ? 1 : rowCount(inputs[0]));
    this.secondsAlone = seconds;
    return outputs;
  }

  /** Whether the model can still evaluate what it could evaluate at its start. */
  private async isHealthy(): Promise<boolean> {
    const { sample, session } = this.model;
    if (sample === undefined) {
      return true; // nothing is known to work, so nothing speaks against the request being the reason
    }
    try {
      await session.run(sample);
      return true;
    } catch (error) {
      this.logger.error({ reason: errorMessage(error) }, 'the model fails for its warm-up request as well');
      return false;
    }
  }

  private deliver(job: Job, outputs: readonly Tensor[], firstRow: number | undefined): void {
    try {
      job.succeed(outputs, firstRow, 'own');
    } catch (error) {
      this.logger.error({ error }, 'an answer could not be written');
      job.fail(new RequestError(500, 'The answer could not be written.'));
    }
  }
}

/** Whether inputs agree in all dimensions but the first. */
function sameTails(a: readonly Tensor[] | undefined, b: readonly Tensor[]): boolean {
  return a !== undefined && a.length === b.length && a.every(({ shape }, index) => sameTail(shape, b[index].shape));
}

function sameTail(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) {
    return false;
  }
  for (let axis = 1; axis < a.length; axis += 1) {
    if (a[axis] !== b[axis]) {
      return false;
    }
  }
  return true;
}

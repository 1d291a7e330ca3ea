import { type LoadedModel, rowCount, SessionLostError, stackRows, type Tensor } from '../model';
import { RequestError } from '../protocol';
import { errorMessage, type Logger, type RunMeter } from '../telemetry';
import { failureOf } from './engine-failure';
import type { Job } from './job';
import { bytesOf } from './job-queue';
import { ANSWER_TOO_LARGE } from './refusals';
import { JobPart } from './split-job';

/** A shared run that failed is run again in halves, down to so many jobs, which are run alone. */
const FEW = 4;

/** Options of {@link BatchRunner}. */
export interface BatchRunnerOptions {
  readonly model: LoadedModel;
  readonly meter: RunMeter;
  readonly logger: Logger;

  /** Largest outputs of one job, in bytes. */
  readonly answerBytes: number;

  /** Learns what a run took, and how much memory its outputs take. */
  readonly onRun: (rows: number, seconds: number, outputBytes: number) => void;
}

/**
 * Runs jobs and gives each its answer.
 *
 * A job that makes a shared run fail is found by running halves of it, so that it fails alone.
 */
export class BatchRunner {
  /** Whether jobs share runs. It ends when the model answers other rows than it was given. */
  sharing: boolean;

  constructor(private readonly options: BatchRunnerOptions) {
    this.sharing = options.model.independentRows;
  }

  /**
   * Runs jobs that fit together. Every job has its answer or failure afterwards; nothing is thrown.
   *
   * @param evaluated called when the engine is done with them, before the answers are written; not when it failed
   */
  async run(jobs: readonly Job[], evaluated: () => void): Promise<void> {
    try {
      const started = performance.now();
      await (this.sharing && jobs.length > 1
        ? this.runTogether(jobs, started, evaluated)
        : this.runAlone(jobs, started, evaluated));
    } catch (error) {
      // A fault of this program: the requests get an answer all the same, and the next ones are served.
      this.options.logger.error({ error }, 'a batch failed unexpectedly');
      for (const job of jobs) {
        job.fail(new RequestError(500, 'The prediction failed unexpectedly.'));
      }
    }
  }

  /**
   * Gives a job outputs that are there already.
   *
   * @param seconds what their run took
   */
  readonly answer = (job: Job, outputs: readonly Tensor[], seconds: number): void => {
    const now = performance.now();
    this.deliver(job, outputs, undefined, now - seconds * 1000, now);
  };

  private async runTogether(jobs: readonly Job[], started: number, evaluated?: () => void): Promise<void> {
    const begun = performance.now();
    const inputs = this.options.model.signature.inputs.map((_, index) =>
      stackRows(jobs.map((job) => job.inputs[index])),
    );
    const stacking = (performance.now() - begun) / 1000;
    const rows = rowCount(inputs[0]);
    let outputs: readonly Tensor[];
    try {
      outputs = await this.evaluate(inputs, true, stacking);
    } catch (error) {
      // One of them is the reason: it is found, and the others are answered. Unless it ended the thread: not again.
      return isLost(error) ? this.failAll(jobs, error) : this.runHalves(jobs, started);
    }
    if (outputs.some(({ shape }) => shape[0] !== rows)) {
      this.options.logger.warn(
        { rows },
        'the model does not answer one row for each row; its requests are run alone from now on',
      );
      this.sharing = false;
      return this.runAlone(jobs, started);
    }
    evaluated?.();
    const mostRows = (this.options.answerBytes * rows) / bytesOf(outputs);
    let firstRow = 0;
    const finished = performance.now();
    let now = finished;
    for (const job of jobs) {
      const own = job.rows ?? 0;
      if (own > mostRows) {
        job.fail(ANSWER_TOO_LARGE);
      } else {
        now = this.deliver(job, outputs, firstRow, started, now);
      }
      firstRow += own;
    }
    this.options.meter.sizes.answered(rows, (now - finished) / 1000);
  }

  private async runHalves(jobs: readonly Job[], started: number): Promise<void> {
    if (jobs.length <= FEW) {
      return this.runAlone(jobs, started);
    }
    const middle = jobs.length >> 1;
    await this.runTogether(jobs.slice(0, middle), started);
    await this.runTogether(jobs.slice(middle), started);
  }

  private async runAlone(jobs: readonly Job[], started: number, evaluated?: () => void): Promise<void> {
    // All are started at once, and the engine runs one after the other; answers are written after the last run.
    const results = await Promise.allSettled(jobs.map((job) => this.evaluate(job.inputs, false, 0)));
    if (results.every(({ status }) => status === 'fulfilled')) {
      evaluated?.();
    }
    const failed: { job: Job; error: unknown }[] = [];
    let now = performance.now();
    results.forEach((result, index) => {
      const job = jobs[index];
      if (result.status === 'rejected') {
        failed.push({ job, error: result.reason });
      } else if (bytesOf(result.value) > this.options.answerBytes) {
        job.fail(ANSWER_TOO_LARGE);
      } else {
        const before = now;
        now = this.deliver(job, result.value, undefined, started, now);
        this.options.meter.sizes.answered(rowsOf(job.inputs), (now - before) / 1000);
      }
    });
    if (failed.length > 0) {
      const healthy = failed.some(({ error }) => !isLost(error)) && (await this.isHealthy());
      for (const { job, error } of failed) {
        job.fail(failureOf(error, healthy));
      }
    }
  }

  private failAll(jobs: readonly Job[], error: unknown): void {
    for (const job of jobs) {
      job.fail(failureOf(error, false));
    }
  }

  /** @param stacking seconds in which the inputs were put together */
  private async evaluate(inputs: readonly Tensor[], disposable: boolean, stacking: number): Promise<readonly Tensor[]> {
    const { model, meter, onRun } = this.options;
    const rows = rowsOf(inputs);
    const { outputs, seconds } = await model.session.run(inputs, disposable);
    meter.seconds.observe(seconds);
    meter.rows.observe(rows);
    meter.sizes.ran(rows, stacking, seconds);
    onRun(rows, seconds, bytesOf(outputs));
    return outputs;
  }

  /** Whether the model can still evaluate what it could evaluate at its start. */
  private async isHealthy(): Promise<boolean> {
    const { sample, session } = this.options.model;
    if (sample === undefined) {
      return true; // nothing is known to work, so nothing speaks against the request being the reason
    }
    try {
      await session.run(sample);
      return true;
    } catch (error) {
      this.options.logger.error({ reason: errorMessage(error) }, 'the model fails for its warm-up request as well');
      return false;
    }
  }

  /** @returns when the answer was written */
  private deliver(
    job: Job,
    outputs: readonly Tensor[],
    firstRow: number | undefined,
    started: number,
    now: number,
  ): number {
    const { stages, predictions } = this.options.meter;
    job.times.inference = (now - started) / 1000;
    try {
      job.succeed(outputs, firstRow, 'own');
    } catch (error) {
      this.options.logger.error({ error }, 'an answer could not be written');
      job.fail(new RequestError(500, 'The answer could not be written.'));
      return performance.now();
    }
    const written = performance.now();
    if (job instanceof JobPart) {
      return written; // counted when it is whole
    }
    predictions.own.value += 1;
    stages.queue.observe(job.times.queue);
    stages.inference.observe(job.times.inference);
    stages.serialization.observe((written - now) / 1000);
    if (job.times.features > 0) {
      stages.features.observe(job.times.features);
    }
    return written;
  }
}

function rowsOf(inputs: readonly Tensor[]): number {
  return inputs.length === 0 ? 1 : rowCount(inputs[0]);
}

function isLost(error: unknown): boolean {
  return error instanceof SessionLostError;
}

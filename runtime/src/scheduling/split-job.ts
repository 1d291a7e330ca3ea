import { rowCount, sliceRows, stackRows, type Tensor } from '../model';
import type { RequestError } from '../protocol';
import type { Job, StageTimes } from './job';
import { JobAround } from './job-around';

/** Some rows of a job, which are run by themselves. */
export class JobPart extends JobAround {
  private readonly ownInputs: readonly Tensor[];

  // Its own: parts of a job wait at the same time.
  private readonly ownTimes: StageTimes = { queue: 0, features: 0, inference: 0 };

  constructor(
    private readonly whole: SplitJob,
    private readonly index: number,
    from: number,
    private readonly ownRows: number,
  ) {
    super(whole.job);
    this.ownInputs = whole.job.inputs.map((tensor) => sliceRows(tensor, from, ownRows));
  }

  override get inputs(): readonly Tensor[] {
    return this.ownInputs;
  }

  override get rows(): number {
    return this.ownRows;
  }

  override get times(): StageTimes {
    return this.ownTimes;
  }

  override get abandoned(): boolean {
    return this.whole.failed || this.outer.abandoned;
  }

  override succeed(outputs: readonly Tensor[], firstRow: number | undefined): void {
    const own = firstRow === undefined ? outputs : outputs.map((output) => sliceRows(output, firstRow, this.rows));
    this.whole.partSucceeded(this.index, own, this);
  }

  override fail(error: RequestError): void {
    this.whole.partFailed(error);
  }

  override discard(): void {
    this.whole.partFailed(undefined);
  }
}

/** What becomes of a job whose parts have been run. */
export interface SplitJobOptions {
  /** Takes the outputs of the whole job, and the seconds from the start of its first part to the end of its last. */
  readonly answer: (job: Job, outputs: readonly Tensor[], seconds: number) => void;

  /** Runs the job in one piece, because the model answers other rows than it is given. */
  readonly runWhole: (job: Job) => void;
}

/** A job with many rows, run in parts, so that other requests get their turn between them. Its answer is one all the same. */
export class SplitJob {
  /** Whether the job has failed already; the rest of its parts is not needed any more. */
  failed = false;

  readonly parts: readonly JobPart[];
  private readonly began = performance.now();
  private readonly outputs: (readonly Tensor[])[] = [];
  private left: number;
  private rowsAgree = true;
  private waited = Number.POSITIVE_INFINITY;
  private error: RequestError | undefined;

  /**
   * @param job its rows are independent of each other
   * @param partRows most rows of a part
   */
  constructor(
    readonly job: Job,
    partRows: number,
    private readonly options: SplitJobOptions,
  ) {
    const parts: JobPart[] = [];
    const rows = job.rows ?? 0;
    for (let from = 0; from < rows; from += partRows) {
      parts.push(new JobPart(this, parts.length, from, Math.min(partRows, rows - from)));
    }
    this.parts = parts;
    this.left = parts.length;
  }

  /** Takes the outputs of a part. */
  partSucceeded(index: number, outputs: readonly Tensor[], { rows, times }: Job): void {
    this.outputs[index] = outputs;
    this.rowsAgree &&= outputs.every((output) => rowCount(output) === rows);
    this.waited = Math.min(this.waited, times.queue);
    this.partDone();
  }

  /** Takes the failure of a part; undefined when it was dropped. */
  partFailed(error: RequestError | undefined): void {
    this.failed = true;
    this.error ??= error;
    this.partDone();
  }

  private partDone(): void {
    this.left -= 1;
    if (this.left > 0) {
      return;
    }
    const { job, options } = this;
    if (this.error !== undefined) {
      job.fail(this.error);
    } else if (this.failed) {
      job.discard();
    } else if (this.rowsAgree) {
      job.times.queue = this.waited;
      const seconds = (performance.now() - this.began) / 1000 - this.waited;
      options.answer(
        job,
        this.outputs[0].map((_, output) => stackRows(this.outputs.map((part) => part[output]))),
        seconds,
      );
    } else {
      options.runWhole(job);
    }
  }
}

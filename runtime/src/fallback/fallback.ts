import type { Tensor } from '../model';
import { RequestError } from '../protocol';
import { type Inference, type Job, JobAround, type PredictionSource } from '../scheduling';
import { errorMessage, type FallbackMeter, type FallbackReason, type Logger } from '../telemetry';
import { DeadlineWatch, type Watched } from './deadline-watch';

/** What answers when the model cannot. */
export interface Answerer {
  /** Share of a request's time that is kept for it: it starts so much before the deadline. */
  readonly keptTime: number;

  /** Answers a job, now or later, or calls `otherwise` once. */
  answer(job: Job, otherwise: () => void): void;

  /** Learns an answer of the model. */
  learn?(job: Job, outputs: readonly Tensor[], firstRow: number | undefined): void;
}

/** Options of {@link Fallback}. */
export interface FallbackOptions {
  readonly answerer: Answerer;
  readonly meter: FallbackMeter;
  readonly logger: Logger;

  /** What answers as long as it can. */
  readonly next: Inference;
}

/** Time for writing the answer, in milliseconds. */
const WRITE_MILLIS = 2;

/** Most of a request's time that is kept for writing the answer. */
const MOST_FOR_WRITING = 0.1;

/**
 * Answers for a model that fails, sheds load or is late: with 5xx, 429 and 504, and just before a deadline at which the
 * run has not finished. The client's own faults stay errors.
 */
export class Fallback implements Inference {
  private readonly watch = new DeadlineWatch();

  constructor(private readonly options: FallbackOptions) {}

  submit(job: Job): void {
    const { answerer, next } = this.options;
    const left = Math.max(0, job.expiresAt - performance.now());
    const kept = Math.max(Math.min(WRITE_MILLIS, left * MOST_FOR_WRITING), left * answerer.keptTime);
    const guarded = new GuardedJob(job, job.expiresAt - kept, this.watch, this.options);
    this.watch.add(guarded);
    next.submit(guarded);
  }

  /** Watches no deadline any more. */
  close(): void {
    this.watch.close();
  }
}

/** A job that gets its answer from the model or from the fallback, whichever can. */
class GuardedJob extends JobAround implements Watched {
  private phase: 'model' | 'fallback' | 'done' = 'model';
  private error: RequestError | undefined;

  constructor(
    outer: Job,
    public dueAt: number,
    private readonly watch: DeadlineWatch,
    private readonly options: FallbackOptions,
  ) {
    super(outer);
  }

  /** Once it is answered, nobody needs the run. */
  override get abandoned(): boolean {
    return this.phase !== 'model' || this.outer.abandoned;
  }

  override succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    if (this.phase === 'model') {
      // Should the answer not be writable the job is still the model's, and is told so.
      super.succeed(outputs, firstRow, source);
      this.leave();
      this.options.answerer.learn?.(this.outer, outputs, firstRow);
    }
  }

  override fail(error: RequestError): void {
    if (this.phase !== 'model') {
      return;
    }
    const reason = reasonOf(error.status);
    if (reason === undefined) {
      this.leave();
      super.fail(error);
    } else {
      this.fallBack(reason, error);
    }
  }

  override discard(): void {
    if (this.phase === 'model') {
      this.leave();
      super.discard();
    }
  }

  due(): void {
    if (this.phase === 'model') {
      this.fallBack(
        'deadline',
        new RequestError(504, 'The model did not answer within the time limit of the request.'),
      );
    } else if (this.phase === 'fallback') {
      this.giveUp('deadline');
    }
  }

  private fallBack(reason: FallbackReason, error: RequestError): void {
    const { answerer, meter, logger } = this.options;
    this.phase = 'fallback';
    this.error = error;
    this.watch.delete(this);
    if (this.outer.abandoned) {
      this.leave();
      super.discard();
      return;
    }
    // A fallback that is late, too, is not waited for.
    this.dueAt = this.outer.expiresAt;
    this.watch.add(this);
    const isOver = () => this.phase !== 'fallback';
    const ended = (answered: boolean) => {
      this.leave();
      meter.answered[reason].value += answered ? 1 : 0;
    };
    try {
      answerer.answer(new FallbackJob(this.outer, isOver, ended), () => this.giveUp(reason));
    } catch (failure) {
      logger.error({ reason: errorMessage(failure) }, 'the fallback failed unexpectedly');
      this.giveUp(reason);
    }
  }

  /** The client gets the reason why the model did not answer. */
  private giveUp(reason: FallbackReason): void {
    if (this.phase === 'fallback' && this.error !== undefined) {
      this.leave();
      this.options.meter.unanswered[reason].value += 1;
      super.fail(this.error);
    }
  }

  private leave(): void {
    this.phase = 'done';
    this.watch.delete(this);
  }
}

/** The job as its fallback sees it: an answer that comes too late is nobody's. */
class FallbackJob extends JobAround {
  constructor(
    outer: Job,
    private readonly isOver: () => boolean,
    private readonly ended: (answered: boolean) => void,
  ) {
    super(outer);
  }

  override get abandoned(): boolean {
    return this.isOver() || this.outer.abandoned;
  }

  override succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    if (!this.isOver()) {
      super.succeed(outputs, firstRow, source);
      this.ended(true);
    }
  }

  override discard(): void {
    if (!this.isOver()) {
      this.ended(false);
      super.discard();
    }
  }
}

/** Why a fallback is asked; undefined = the fault is the client's. */
function reasonOf(status: number): FallbackReason | undefined {
  switch (status) {
    case 429:
      return 'overloaded';
    case 503:
      return 'unavailable';
    case 504:
      return 'deadline';
    default:
      return status >= 500 ? 'error' : undefined;
  }
}

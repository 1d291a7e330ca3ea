import type { Tensor } from '../model';
import type { RequestError } from '../protocol';
import { type Inference, type Job, JobAround, type PredictionSource } from '../scheduling';
import { errorMessage, type Logger } from '../telemetry';
import { eventText, type Outcome, type RecordedModel } from './prediction-event';
import { isSampled } from './sampling';

/** Takes events, without waiting. */
export interface EventReceiver {
  push(event: string): void;
}

/** Options of {@link PredictionLog}. */
export interface PredictionLogOptions {
  readonly model: RecordedModel;

  /** Share of the requests that are recorded. */
  readonly sampleRatio: number;
  readonly events: EventReceiver;
  readonly logger: Logger;

  /** Name of the header with the source of the features. */
  readonly featureSourceHeader: string;

  /** What answers. */
  readonly next: Inference;
}

/** Records a sample of the requests and their answers. An answer is written first and recorded after that. */
export class PredictionLog implements Inference {
  constructor(private readonly options: PredictionLogOptions) {}

  submit(job: Job): void {
    const { sampleRatio, next } = this.options;
    next.submit(isSampled(sampleRatio, job.origin?.traceparent) ? new RecordedJob(job, this.options) : job);
  }
}

/** A job whose answer is recorded. */
class RecordedJob extends JobAround {
  private readonly started = performance.now();
  private readonly time = new Date();
  private recorded = false;

  constructor(
    outer: Job,
    private readonly options: PredictionLogOptions,
  ) {
    super(outer);
  }

  override succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    super.succeed(outputs, firstRow, source);
    this.record({ outputs, firstRow, source });
  }

  override fail(error: RequestError): void {
    super.fail(error);
    this.record({ status: error.status, error: error.message });
  }

  private record(outcome: Outcome): void {
    if (this.recorded) {
      return;
    }
    this.recorded = true;
    const { model, events, logger, featureSourceHeader } = this.options;
    const { inputs, modelInputs, rows, origin, times, headers } = this;
    try {
      events.push(
        eventText(model, {
          inputs,
          modelInputs,
          rows,
          origin,
          times,
          time: this.time,
          totalSeconds: (performance.now() - this.started) / 1000,
          featureSource: headers?.[featureSourceHeader],
          outcome,
        }),
      );
    } catch (error) {
      // The request is answered: its record must not fail it.
      logger.error({ reason: errorMessage(error) }, 'a prediction could not be recorded');
    }
  }
}

import type { Tensor } from '../../model';
import type { RequestError } from '../../request-error';
import { type Inference, type Job, PRIORITIES, type PredictionSource, type StageTimes } from '../../scheduling';

/** The answer to rows. */
export interface Answer {
  readonly outputs: readonly Tensor[];

  /** First row of the answer in the outputs. */
  readonly firstRow: number;
  readonly source: PredictionSource;

  /** Seconds in which features were looked up. */
  readonly featureSeconds: number;
}

/** Rows of events that wait for their predictions, as long as it takes. */
class RowsJob implements Job {
  readonly expiresAt = Number.POSITIVE_INFINITY;
  readonly priority = PRIORITIES.batch;
  readonly abandoned = false;
  readonly times: StageTimes = { queue: 0, features: 0, inference: 0 };
  modelInputs?: readonly Tensor[];
  headers?: Record<string, string>;

  constructor(
    readonly inputs: readonly Tensor[],
    readonly rows: number,
    private readonly resolve: (answer: Answer) => void,
    private readonly reject: (error: RequestError) => void,
  ) {}

  succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    this.resolve({ outputs, firstRow: firstRow ?? 0, source, featureSeconds: this.times.features });
  }

  fail(error: RequestError): void {
    this.reject(error);
  }

  /** It is never abandoned. */
  discard(): void {}
}

/** Asks for the predictions of rows. @throws RequestError */
export function answerTo(inference: Inference, inputs: readonly Tensor[], rows: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    inference.submit(new RowsJob(inputs, rows, resolve, reject));
  });
}

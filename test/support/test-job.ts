import type { Tensor } from '../../runtime/src/model';
import type { RequestError } from '../../runtime/src/protocol';
import {
  type Inference,
  type Job,
  PRIORITIES,
  type PredictionSource,
  type RequestOrigin,
} from '../../runtime/src/scheduling';

/** What a job was told. */
export type Told =
  | { readonly outputs: readonly Tensor[]; readonly firstRow: number | undefined; readonly source: PredictionSource }
  | { readonly error: RequestError }
  | 'discarded';

/** A job that keeps what it is told. */
export class TestJob implements Job {
  readonly told: Told[] = [];
  readonly priority = PRIORITIES.interactive;
  readonly times = { queue: 0, features: 0, inference: 0 };
  readonly rows: number | undefined;
  readonly expiresAt: number;
  abandoned = false;
  headers?: Record<string, string>;
  modelInputs?: readonly Tensor[];

  constructor(
    readonly inputs: readonly Tensor[],
    { withinMillis = 10_000, origin }: { withinMillis?: number; origin?: RequestOrigin } = {},
  ) {
    this.rows = inputs[0]?.shape[0];
    this.expiresAt = performance.now() + withinMillis;
    this.origin = origin;
  }

  readonly origin?: RequestOrigin;

  succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    this.told.push({ outputs, firstRow, source });
  }

  fail(error: RequestError): void {
    this.told.push({ error });
  }

  discard(): void {
    this.told.push('discarded');
  }

  /** Source of the answer, or status of the failure. */
  get outcome(): string | number | undefined {
    const [told] = this.told;
    return told === undefined || told === 'discarded' ? told : 'error' in told ? told.error.status : told.source;
  }
}

/** Takes jobs and leaves it to the test what becomes of them. */
export class HeldInference implements Inference {
  readonly jobs: Job[] = [];

  submit(job: Job): void {
    this.jobs.push(job);
  }
}

/** An FP32 tensor. */
export function floats(shape: readonly number[], ...values: number[]): Tensor {
  return { datatype: 'FP32', shape, data: Float32Array.from(values) };
}

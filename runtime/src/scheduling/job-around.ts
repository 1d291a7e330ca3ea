import type { Tensor } from '../model';
import type { RequestError } from '../protocol';
import type { Job, PredictionSource, Priority, RequestOrigin, StageTimes } from './job';

/** A job that stands for another one, for a stage that changes what it asks or what becomes of its answer. */
export class JobAround implements Job {
  constructor(protected readonly outer: Job) {}

  get inputs(): readonly Tensor[] {
    return this.outer.inputs;
  }

  get rows(): number | undefined {
    return this.outer.rows;
  }

  get expiresAt(): number {
    return this.outer.expiresAt;
  }

  get priority(): Priority {
    return this.outer.priority;
  }

  get times(): StageTimes {
    return this.outer.times;
  }

  get abandoned(): boolean {
    return this.outer.abandoned;
  }

  get origin(): RequestOrigin | undefined {
    return this.outer.origin;
  }

  get headers(): Record<string, string> | undefined {
    return this.outer.headers;
  }

  set headers(headers: Record<string, string> | undefined) {
    this.outer.headers = headers;
  }

  get modelInputs(): readonly Tensor[] | undefined {
    return this.outer.modelInputs;
  }

  set modelInputs(inputs: readonly Tensor[] | undefined) {
    this.outer.modelInputs = inputs;
  }

  succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    this.outer.succeed(outputs, firstRow, source);
  }

  fail(error: RequestError): void {
    this.outer.fail(error);
  }

  discard(): void {
    this.outer.discard();
  }
}

import type { Tensor } from '../model';
import { badRequest, type RequestError } from '../protocol';

/** What answered a request: the model itself, its response cache, a fallback, or predictions of an older run. */
export type PredictionSource = 'own' | 'response-cache' | 'default' | 'cached' | 'model' | 'previous-run';

/** Header, or metadata, of an answer that says what answered, when it was not the model itself. */
export const PREDICTION_SOURCE_HEADER = 'x-prediction-source';

/** Classes of requests: what a person waits for goes before a copy for comparison, and that before work without deadline. */
export const PRIORITIES = { interactive: 0, shadow: 1, batch: 2 } as const;

/** One of {@link PRIORITIES}: smaller goes first. */
export type Priority = (typeof PRIORITIES)[keyof typeof PRIORITIES];

/**
 * The priority of a request.
 *
 * @param parameter `priority` of the parameters of a V2 request: 0 = the server's choice, 1 = the highest, larger numbers
 * are lower ones; undefined = none given. 1 is interactive, 2 shadow, and what is lower batch.
 * @throws RequestError when it is not a whole number from 0 up
 */
export function priorityOf(parameter: number | undefined): Priority {
  if (parameter === undefined || parameter === 0) {
    return PRIORITIES.interactive;
  }
  if (!Number.isInteger(parameter) || parameter < 0) {
    throw badRequest('parameters.priority must be a whole number from 0 (default) or 1 (highest) up.');
  }
  return parameter === 1 ? PRIORITIES.interactive : parameter === 2 ? PRIORITIES.shadow : PRIORITIES.batch;
}

/** Seconds that a request spent in each stage; the stages write them. */
export interface StageTimes {
  /** From its submission to the start of its run. */
  queue: number;

  /** In the lookup of features. */
  features: number;

  /** In the run that answered it, shared or not. */
  inference: number;
}

/** Identifiers that a request came with. */
export interface RequestOrigin {
  /** The request's own identifier: the header `x-request-id`, or the `id` of V2. */
  readonly requestId?: string;

  /** The header `traceparent` of the W3C trace context, as it came; absent when it is invalid. */
  readonly traceparent?: string;

  /** The header `tracestate` that came with it, as it came. */
  readonly tracestate?: string;
}

/** A request that waits for its answer. Exactly one of `succeed`, `fail` and `discard` is called, once. */
export interface Job {
  /** One tensor an input, in the order of the signature. */
  readonly inputs: readonly Tensor[];

  /** Rows of the request; undefined when its inputs have different numbers, then it is run alone. */
  readonly rows: number | undefined;

  /** When the answer is no longer wanted, on the clock of `performance.now()`. */
  readonly expiresAt: number;

  readonly priority: Priority;

  readonly times: StageTimes;

  /** Nobody waits for the answer any more. */
  readonly abandoned: boolean;

  /**
   * Headers of the answer (metadata over gRPC), names in lower case; the stages add to it before they answer.
   * Absent = none.
   */
  headers?: Record<string, string>;

  /** Where the request comes from. Absent = unknown. */
  readonly origin?: RequestOrigin;

  /**
   * What the model evaluates, one tensor an input of the model, where a stage completes what the client sent; that stage
   * writes it. Absent = the inputs.
   */
  modelInputs?: readonly Tensor[];

  /**
   * Takes the answer.
   *
   * @param outputs one tensor an output, in the order of the signature; rows of other requests may be in them
   * @param firstRow first row of this job in the outputs; undefined when the outputs are this job's alone
   * @param source what answered
   */
  succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void;

  /** Takes the failure. */
  fail(error: RequestError): void;

  /** Learns that it was dropped, because it was abandoned. */
  discard(): void;
}

/** What answers requests: a model, or something around it. */
export interface Inference {
  /** Takes a job; it gets its answer or failure at once or later. Throws nothing. */
  submit(job: Job): void;
}

import type { Metadata } from '@grpc/grpc-js';
import type { Tensor } from '../../model';
import {
  type GrpcPrediction,
  type InferRequest,
  REQUEST_ID_HEADER,
  type RequestError,
  readRequestId,
  readTraceContext,
} from '../../protocol';
import {
  type Job,
  PREDICTION_SOURCE_HEADER,
  PRIORITIES,
  type PredictionSource,
  type Priority,
  priorityOf,
  type RequestOrigin,
  type StageTimes,
} from '../../scheduling';
import type { Logger, ServingMetrics } from '../../telemetry';
import { noteInFlight } from '../small-heap';
import type { GrpcEndpoint } from './endpoint';
import type { InferCall } from './infer-call';
import { headersOf } from './metadata';
import { asRequestError, metadataOf, statusOf } from './status';

/** What all calls share. */
export interface ExchangeContext {
  readonly metrics: ServingMetrics;
  readonly logger: Logger;
}

const ORIGIN = [REQUEST_ID_HEADER, 'traceparent', 'tracestate'];

/** Timers may be early by so much. */
const TIMER_MILLIS = 1;

/** HTTP statuses that stand for the outcome in the metrics. */
const OK = 200;
const DEADLINE_EXCEEDED = 504;

/** One call of `ModelInfer` and its answer. */
export class Exchange implements Job {
  private readonly arrived = performance.now();
  private prediction: GrpcPrediction | undefined;

  /** Received and not answered. */
  private pending = false;

  readonly times: StageTimes = { queue: 0, features: 0, inference: 0 };
  expiresAt = 0;
  priority: Priority = PRIORITIES.interactive;
  headers?: Record<string, string>;

  constructor(
    private readonly context: ExchangeContext,
    private readonly endpoint: GrpcEndpoint,
    private readonly call: InferCall,
  ) {}

  /** The request is understood and waits for a run. */
  received(request: InferRequest): void {
    const { endpoint, context } = this;
    this.pending = true;
    context.metrics.inFlight += 1;
    noteInFlight(context.metrics.inFlight);
    try {
      const limit = this.expectedAt();
      const refused = endpoint.refusal?.(limit);
      if (refused !== undefined) {
        this.fail(refused);
        return;
      }
      const prediction = endpoint.codec.decode(request);
      endpoint.meter.readingSeconds += (performance.now() - this.arrived) / 1000;
      const { timeoutMillis } = prediction;
      this.expiresAt = timeoutMillis === undefined ? limit : Math.min(limit, this.arrived + timeoutMillis);
      this.priority = priorityOf(prediction.priority);
      this.prediction = prediction;
      endpoint.inference.submit(this);
    } catch (error) {
      this.fail(asRequestError(error, this.context.logger));
    }
  }

  get inputs(): readonly Tensor[] {
    return this.prediction?.inputs ?? [];
  }

  get rows(): number | undefined {
    return this.prediction?.rows;
  }

  get abandoned(): boolean {
    return this.call.cancelled;
  }

  get origin(): RequestOrigin {
    const headers = headersOf(this.call.metadata, ORIGIN);
    return { requestId: readRequestId(headers) ?? this.prediction?.id, ...readTraceContext(headers) };
  }

  succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    if (this.prediction === undefined || this.call.cancelled) {
      this.discard();
      return;
    }
    try {
      const message = this.prediction.answer(outputs, firstRow);
      if (this.leave()) {
        this.record(OK);
        this.call.answer(message, this.trailer(source));
      }
    } catch (error) {
      this.fail(asRequestError(error, this.context.logger));
    }
  }

  fail(error: RequestError): void {
    if (this.call.cancelled) {
      this.discard();
    } else if (this.leave()) {
      this.record(error.status);
      this.call.fail(statusOf(error, this.headers));
    }
  }

  discard(): void {
    // A client that left gets no answer. One whose deadline has passed got its status from the library.
    if (this.leave() && Date.now() + TIMER_MILLIS >= Number(this.call.getDeadline())) {
      this.record(DEADLINE_EXCEEDED);
    }
  }

  /** When the answer is no longer wanted, by the model's budget and the call's deadline. */
  private expectedAt(): number {
    const limit = this.arrived + this.endpoint.timeLimitMillis;
    const deadline = Number(this.call.getDeadline());
    return deadline === Number.POSITIVE_INFINITY ? limit : Math.min(limit, performance.now() + deadline - Date.now());
  }

  private trailer(source: PredictionSource): Metadata | undefined {
    if (source === 'own' && this.headers === undefined) {
      return undefined;
    }
    return metadataOf(source === 'own' ? { ...this.headers } : { ...this.headers, [PREDICTION_SOURCE_HEADER]: source });
  }

  /** Takes the call off the books; false when it was off them already. */
  private leave(): boolean {
    if (!this.pending) {
      return false;
    }
    this.pending = false;
    this.context.metrics.inFlight -= 1;
    return true;
  }

  private record(status: number): void {
    this.endpoint.meter.record(status, (performance.now() - this.arrived) / 1000);
  }
}

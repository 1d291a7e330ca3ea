import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Tensor } from '../../model';
import {
  type AnswerBody,
  type Codec,
  type Prediction,
  RequestError,
  readRequestId,
  readTraceContext,
} from '../../protocol';
import {
  type Inference,
  type Job,
  PREDICTION_SOURCE_HEADER,
  PRIORITIES,
  type PredictionSource,
  type Priority,
  priorityOf,
  type RequestOrigin,
  type StageTimes,
} from '../../scheduling';
import type { Logger, RequestMeter, ServingMetrics } from '../../telemetry';
import { noteInFlight } from '../small-heap';
import { type AnswerCoding, AS_IT_IS, codingFor } from './accept-encoding';
import type { BodyReader } from './body';
import { codeAnswer } from './coded-answer';
import { countUnanswered } from './connection';
import { freeMemory } from './free-memory';
import { asRequestError, type Responder } from './responder';
import { serverTiming } from './server-timing';
import { requestedMillis } from './time-limit';

/** What all endpoints of a server share. */
export interface PredictContext {
  readonly bodies: BodyReader;
  readonly responder: Responder;
  readonly metrics: ServingMetrics;
  readonly logger: Logger;
}

/** Options of {@link PredictEndpoint}. */
export interface PredictEndpointOptions {
  readonly context: PredictContext;
  readonly codec: Codec;
  readonly inference: Inference;
  readonly meter: RequestMeter;

  /** Longest time from the arrival of a request to its run, in milliseconds; a client may ask for less. */
  readonly timeLimitMillis: number;

  /**
   * Says before a body is read why no request can be answered now.
   *
   * @param expiresAt when the answer is no longer wanted, on the clock of `performance.now()`
   * @default - every body is read
   */
  readonly refusal?: (expiresAt: number) => RequestError | undefined;
}

/** Answers the predictions of one model version over one protocol. The hot path of the server. */
export class PredictEndpoint {
  constructor(readonly options: PredictEndpointOptions) {}

  /** Answers a request. Nothing of it has been read yet but its headers. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const exchange = new Exchange(this.options, request, response);
    this.options.context.bodies.read(request, exchange);
  }
}

/** One request and its answer. */
class Exchange implements Job {
  private readonly arrived = performance.now();
  private prediction: Prediction | undefined;
  private coding: AnswerCoding = AS_IT_IS;

  /** Seconds for reading the body. */
  private reading = 0;

  expiresAt: number;
  priority: Priority = PRIORITIES.interactive;
  readonly times: StageTimes = { queue: 0, features: 0, inference: 0 };
  headers?: Record<string, string>;

  /** Received and not answered. */
  private pending = false;

  constructor(
    private readonly options: PredictEndpointOptions,
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {
    this.expiresAt = this.arrived + options.timeLimitMillis;
  }

  /** The body is complete: it is understood and waits for a run. */
  received(body: Buffer): void {
    const { codec, inference, context, timeLimitMillis, refusal } = this.options;
    this.pending = true;
    countUnanswered(this.request.socket, 1);
    context.metrics.inFlight += 1;
    noteInFlight(context.metrics.inFlight);
    try {
      const { headers } = this.request;
      this.coding = codingFor(headers['accept-encoding']);
      const limit = Math.min(timeLimitMillis, requestedMillis(headers));
      this.expiresAt = this.arrived + limit;
      const refused = refusal?.(this.expiresAt);
      if (refused !== undefined) {
        this.fail(refused);
        return;
      }
      const started = performance.now();
      const prediction = codec.decode(body, headers);
      if (codec.copies) {
        freeMemory([body]);
      }
      this.reading = (performance.now() - started) / 1000;
      this.options.meter.readingSeconds += this.reading;
      this.prediction = prediction;
      this.expiresAt = this.arrived + Math.min(limit, prediction.timeoutMillis ?? limit);
      this.priority = priorityOf(prediction.priority);
      inference.submit(this);
    } catch (error) {
      this.answerError(error);
    }
  }

  /** The body was not accepted. */
  refused(error: RequestError): void {
    const { responder } = this.options.context;
    this.record(error.status);
    // Too much to receive: the rest is not read. Else the connection stays usable.
    if (error.status === 413 || error.status === 429) {
      responder.errorAndClose(this.request, this.response, error);
    } else {
      responder.error(this.response, error);
    }
  }

  get inputs(): readonly Tensor[] {
    return this.prediction?.inputs ?? [];
  }

  get rows(): number | undefined {
    return this.prediction?.rows;
  }

  get origin(): RequestOrigin {
    const { headers } = this.request;
    return { requestId: readRequestId(headers) ?? this.prediction?.id, ...readTraceContext(headers) };
  }

  get abandoned(): boolean {
    return this.response.destroyed;
  }

  discard(): void {
    this.leave();
  }

  succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    const { prediction } = this;
    if (prediction === undefined || !this.pending) {
      return;
    }
    const started = performance.now();
    let body: AnswerBody;
    try {
      body = prediction.answer(outputs, firstRow);
    } catch (error) {
      this.cannotAnswer(error);
      return;
    }
    const written = performance.now();
    const timing = serverTiming(this.times, this.reading + (written - started) / 1000);
    const coded = this.coding.coding === undefined ? undefined : codeAnswer(body, this.coding, this.response);
    if (coded === undefined) {
      this.answer(body, source, timing, written);
    } else {
      coded.then(
        (compressed) => this.answer(compressed, source, timing, performance.now()),
        (error: unknown) => this.answerError(error),
      );
    }
  }

  fail(error: RequestError): void {
    if (this.leave()) {
      this.record(error.status);
      this.addHeaders(this.headers);
      this.options.context.responder.error(this.response, error);
    }
  }

  private answer(body: AnswerBody, source: PredictionSource, timing: string, now: number): void {
    if (this.leave()) {
      this.record(200, now);
      if (source !== 'own') {
        this.addHeaders({ [PREDICTION_SOURCE_HEADER]: source });
      }
      this.addHeaders(this.headers);
      this.options.context.responder.answer(this.response, body, timing);
    }
  }

  private addHeaders(headers: Readonly<Record<string, string>> | undefined): void {
    if (headers !== undefined && !this.response.headersSent) {
      for (const [name, value] of Object.entries(headers)) {
        this.response.setHeader(name, value);
      }
    }
  }

  private cannotAnswer(error: unknown): void {
    if (error instanceof RequestError) {
      this.options.context.logger.warn({ reason: error.message }, 'an answer was not given');
    }
    this.answerError(error);
  }

  private answerError(error: unknown): void {
    if (!(error instanceof RequestError)) {
      this.options.context.logger.error({ error }, 'a request failed unexpectedly');
    }
    this.fail(asRequestError(error));
  }

  /** Takes the request off the books; false when it was off them already. */
  private leave(): boolean {
    if (!this.pending) {
      return false;
    }
    this.pending = false;
    countUnanswered(this.request.socket, -1);
    this.options.context.metrics.inFlight -= 1;
    return true;
  }

  private record(status: number, now = performance.now()): void {
    this.options.meter.record(status, (now - this.arrived) / 1000);
  }
}

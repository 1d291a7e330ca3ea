import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Tensor } from '../../model';
import { type Codec, type Prediction, RequestError } from '../../protocol';
import { type Inference, type Job, PRIORITIES, type PredictionSource, type StageTimes } from '../../scheduling';
import type { Logger, RequestMeter, ServingMetrics } from '../../telemetry';
import type { BodyReader } from './body';
import { countUnanswered } from './connection';
import { asRequestError, type Responder } from './responder';

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

  /** Longest time from the arrival of a request to its run, in milliseconds. */
  readonly timeLimitMillis: number;
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

  readonly priority = PRIORITIES.interactive;
  readonly times: StageTimes = { queue: 0, features: 0, inference: 0 };

  /** Received and not answered. */
  private pending = false;

  constructor(
    private readonly options: PredictEndpointOptions,
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {}

  /** The body is complete: it is understood and waits for a run. */
  received(body: Buffer): void {
    const { codec, inference, context } = this.options;
    this.pending = true;
    countUnanswered(this.request.socket, 1);
    context.metrics.inFlight += 1;
    try {
      this.prediction = codec.decode(body, this.request.headers);
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

  get expiresAt(): number {
    return this.arrived + this.options.timeLimitMillis;
  }

  get abandoned(): boolean {
    return this.response.destroyed;
  }

  discard(): void {
    this.leave();
  }

  succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    if (this.prediction !== undefined) {
      const body = this.prediction.answer(outputs, firstRow);
      if (this.leave()) {
        this.record(200);
        this.options.context.responder.answer(this.response, body, source);
      }
    }
  }

  fail(error: RequestError): void {
    if (this.leave()) {
      this.record(error.status);
      this.options.context.responder.error(this.response, error);
    }
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

  private record(status: number): void {
    this.options.meter.record(status, (performance.now() - this.arrived) / 1000);
  }
}

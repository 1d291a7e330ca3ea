import { type Context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { ModelReference } from '../contract';
import type { Tensor } from '../model';
import type { RequestError } from '../protocol';
import { type Inference, type Job, JobAround, type PredictionSource } from '../scheduling';
import { contextOf } from './trace-context';

/** Names of the attributes of spans. */
const SPAN_ATTRIBUTES = {
  model: 'model_serving.model',
  version: 'model_serving.version',
  rows: 'model_serving.rows',
  source: 'model_serving.prediction_source',
  requestId: 'model_serving.request_id',
  status: 'http.response.status_code',
  error: 'error.type',
} as const;

/** Makes a span for each request of a model, with one below it for each stage that took time. */
export class TracedInference implements Inference {
  constructor(
    private readonly next: Inference,
    private readonly tracer: Tracer,
    private readonly model: ModelReference,
  ) {}

  submit(job: Job): void {
    const { name, version } = this.model;
    const startTime = Date.now();
    const parent = contextOf(job.origin?.traceparent);
    const span = this.tracer.startSpan(
      `predict ${name}`,
      {
        kind: SpanKind.SERVER,
        startTime,
        attributes: {
          [SPAN_ATTRIBUTES.model]: name,
          [SPAN_ATTRIBUTES.version]: version,
          [SPAN_ATTRIBUTES.rows]: job.rows,
          [SPAN_ATTRIBUTES.requestId]: job.origin?.requestId,
        },
      },
      parent,
    );
    // A request that is not recorded costs nothing further.
    this.next.submit(span.isRecording() ? new TracedJob(job, span, this.tracer, parent, startTime) : job);
  }
}

class TracedJob extends JobAround {
  constructor(
    outer: Job,
    private readonly span: Span,
    private readonly tracer: Tracer,
    private readonly parent: Context,
    private readonly startTime: number,
  ) {
    super(outer);
  }

  override succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    super.succeed(outputs, firstRow, source);
    this.span.setAttributes({ [SPAN_ATTRIBUTES.source]: source, [SPAN_ATTRIBUTES.status]: 200 });
    this.end();
  }

  override fail(error: RequestError): void {
    super.fail(error);
    this.span.setAttribute(SPAN_ATTRIBUTES.status, error.status);
    if (error.status >= 500) {
      // A client's fault is no fault of this span.
      this.span.setAttribute(SPAN_ATTRIBUTES.error, String(error.status));
      this.span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.end();
  }

  override discard(): void {
    super.discard();
    this.span.setAttribute(SPAN_ATTRIBUTES.error, 'abandoned');
    this.end();
  }

  /** The stages come one after the other, so their times say when each began. */
  private end(): void {
    const context = trace.setSpan(this.parent, this.span);
    let startTime = this.startTime;
    for (const stage of ['features', 'queue', 'inference'] as const) {
      const millis = this.times[stage] * 1000;
      if (millis > 0) {
        this.tracer.startSpan(stage, { startTime }, context).end(startTime + millis);
        startTime += millis;
      }
    }
    this.span.end();
  }
}

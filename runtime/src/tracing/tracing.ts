import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { COMMAND, type ModelReference, RUNTIME_VERSION, type TracingConfig } from '../contract';
import type { Inference } from '../scheduling';
import { errorMessage, type Logger } from '../telemetry';
import { TracedInference } from './traced-inference';

/** Spans that wait to be sent; further ones are dropped. */
const MAX_QUEUED_SPANS = 4096;
const EXPORT_TIMEOUT_MILLIS = 5000;
const EXPORT_PERIOD_MILLIS = 2000;
const MOST_CLOSE_MILLIS = 2000;

/** A failing collector is mentioned once in this time. */
const WARNING_PERIOD_MILLIS = 60_000;

/** Makes the spans of this process. */
export interface Tracing {
  /** Stands around what answers the requests of a model. */
  around(next: Inference, model: ModelReference): Inference;

  /**
   * Sends what waits and ends. What cannot be sent is lost.
   *
   * @param withinMillis longest time for it
   */
  close(withinMillis: number): Promise<void>;
}

/**
 * Starts to send spans. A collector that cannot be reached costs spans, never a prediction.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/
 */
export function startTracing({ url, sampleRatio, authorizationPath }: TracingConfig, logger: Logger): Tracing {
  warnOfLostSpans(logger);
  const exporter = new OTLPTraceExporter({
    url,
    timeoutMillis: EXPORT_TIMEOUT_MILLIS,
    // Read for every export, so that a rotated secret counts without a restart.
    ...(authorizationPath === undefined
      ? {}
      : { headers: async () => ({ authorization: (await readFile(authorizationPath, 'utf8')).trim() }) }),
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': COMMAND, 'service.version': RUNTIME_VERSION }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MAX_QUEUED_SPANS,
        scheduledDelayMillis: EXPORT_PERIOD_MILLIS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MILLIS,
      }),
    ],
  });
  const tracer = provider.getTracer(COMMAND, RUNTIME_VERSION);
  return {
    around: (next, model) => new TracedInference(next, tracer, model),
    close: async (withinMillis) => {
      const sent = provider.shutdown().catch((error: unknown) => {
        logger.warn({ reason: errorMessage(error) }, 'spans are lost');
      });
      await Promise.race([sent, sleep(Math.min(MOST_CLOSE_MILLIS, withinMillis), undefined, { ref: false })]);
    },
  };
}

function warnOfLostSpans(logger: Logger): void {
  let last = Number.NEGATIVE_INFINITY;
  const warn = (reason: string) => {
    if (performance.now() - last >= WARNING_PERIOD_MILLIS) {
      last = performance.now();
      logger.warn({ reason }, 'spans are lost');
    }
  };
  const nothing = () => undefined;
  diag.setLogger(
    { error: warn, warn, info: nothing, debug: nothing, verbose: nothing },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

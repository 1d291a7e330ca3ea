import type { PredictionLogConfig } from '../../contract';
import { FEATURE_SOURCE_HEADER } from '../../features';
import { ModelError } from '../../model';
import { EventQueue, FileSink, HttpSink, PredictionLog } from '../../prediction-log';
import type { Stage, StageContext } from './stage';

/**
 * Records predictions.
 *
 * @throws ModelError when a field is to be redacted that the model has not
 */
export function predictionLogStage(context: StageContext, log: PredictionLogConfig): Stage {
  const { config, model, signature, metrics, logger, next } = context;
  const { sampleRatio, redact, maxQueuedEvents, sink } = log;
  const { name, version, sha256 } = config;
  checkRedacted(context, redact);
  const meter = metrics.predictionLog(name, version);
  const events = new EventQueue({
    sink:
      sink.url === undefined
        ? new FileSink(sink.path ?? '', sink.maxBytes ?? Number.POSITIVE_INFINITY)
        : new HttpSink({
            url: sink.url,
            authorizationPath: sink.authorizationPath,
            onBreakerChange: metrics.breaker(name, version, 'prediction-log'),
          }),
    maxEvents: maxQueuedEvents,
    meter,
    logger,
  });
  const inference = new PredictionLog({
    model: { name, version, sha256, signature, modelInputs: model.signature.inputs, redact: new Set(redact) },
    sampleRatio,
    events,
    logger,
    featureSourceHeader: FEATURE_SOURCE_HEADER,
    next,
  });
  return { inference, close: (withinMillis) => events.close(withinMillis) };
}

function checkRedacted({ config, model, signature }: StageContext, redact: readonly string[]): void {
  const { inputs, outputs } = model.signature;
  const fields = new Set([...signature.inputs, ...inputs, ...outputs].map(({ name }) => name));
  const unknown = redact.find((field) => !fields.has(field));
  if (unknown !== undefined) {
    const known = [...fields].join(', ');
    throw new ModelError(
      `predictionLog: '${unknown}' is to be redacted, but is no input or output; there are ${known}.`,
      config.path,
    );
  }
}

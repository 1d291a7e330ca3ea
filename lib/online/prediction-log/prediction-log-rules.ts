import { bytesOf, checkSecretValue, checkWebAddress, quote, RULES, type Violation, violation } from '../../kubernetes';
import type { Model } from '../../model';
import type { PredictionLog } from './prediction-log';

const MAX_EVENTS = 1_000_000;
const LEAST_FILE_BYTES = 1024;

/**
 * Checks a prediction log against the model.
 *
 * @param entity name under which requests send the key of an entity, where there is one
 */
export function checkPredictionLog(log: PredictionLog, model: Model, entity: string | undefined): Violation[] {
  return [
    ...checkRatio(log),
    ...checkRedaction(log, model, entity),
    ...checkLimits(log),
    ...(log._url === undefined
      ? []
      : checkWebAddress(RULES.logAddress, 'predictionLog.url', log._url, 'http://events.monitoring:8080/predictions')),
    ...(log._authorization === undefined ? [] : checkSecretValue('predictionLog.authorization', log._authorization)),
  ];
}

function checkRatio({ _options: { sampleRatio = 1 } }: PredictionLog): Violation[] {
  return sampleRatio > 0 && sampleRatio <= 1
    ? []
    : [
        violation(
          RULES.logSampling,
          `predictionLog.sampleRatio is ${quote(sampleRatio)}.`,
          'Write for example 0.01 for one request in a hundred.',
        ),
      ];
}

function checkRedaction({ _options: { redact = [] } }: PredictionLog, model: Model, entity?: string): Violation[] {
  const { signature } = model;
  const known = signature && [
    ...[...signature.inputs, ...signature.outputs].map(({ name }) => name),
    ...(entity ? [entity] : []),
  ];
  return redact
    .filter((name) => name === '' || (known !== undefined && !known.includes(name)))
    .map((name) =>
      violation(
        RULES.logRedaction,
        `predictionLog.redact has ${quote(name)}.`,
        known === undefined ? 'Write the name of an input or an output.' : `Write one of ${known.join(', ')}.`,
      ),
    );
}

function checkLimits({ _options: { maxQueuedEvents = 1 }, _maxSize: maxSize }: PredictionLog): Violation[] {
  const found: string[] = [];
  if (!(Number.isInteger(maxQueuedEvents) && maxQueuedEvents >= 1 && maxQueuedEvents <= MAX_EVENTS)) {
    found.push(`predictionLog.maxQueuedEvents is ${quote(maxQueuedEvents)}.`);
  }
  if (maxSize !== undefined && bytesOf(maxSize) < LEAST_FILE_BYTES) {
    found.push(`predictionLog.maxSize is ${maxSize.asString()}.`);
  }
  return found.map((what) => violation(RULES.logLimits, what, 'Write a larger value, or leave it out.'));
}

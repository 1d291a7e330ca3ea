import { quote, RULES, type Violation, violation } from '../kubernetes';
import { checkFallback, checkFeatureLookup, checkPredictionLog, type FeatureLookup } from '../online';
import type { StreamSettings } from './stream-settings';
import type { StreamingConsumerProps } from './streaming-consumer-props';

/** Checks what is around the model. */
export function checkStages(props: StreamingConsumerProps, { drainMillis }: StreamSettings): Violation[] {
  const { model, features, fallback, predictionLog } = props;
  return [
    ...(features === undefined ? [] : checkFeatureLookup(features, model, drainMillis)),
    ...(features === undefined || fallback !== undefined ? [] : checkDefaults(features)),
    ...(predictionLog === undefined ? [] : checkPredictionLog(predictionLog, model, features?._options.entity)),
    ...(fallback === undefined
      ? []
      : fallback._answer.kind === 'cached'
        ? [
            violation(
              RULES.streamFallback,
              'fallback is Fallback.cached.',
              'Write Fallback.prediction(…) or Fallback.model(…), or leave it out.',
            ),
          ]
        : checkFallback(fallback, model, features)),
  ];
}

function checkDefaults({ _options: { features, defaults = {} } }: FeatureLookup): Violation[] {
  const missing = features.filter((feature) => !Object.hasOwn(defaults, feature));
  return missing.length === 0
    ? []
    : [
        violation(
          RULES.streamFeatures,
          `features has no default for ${missing.map(quote).join(', ')}, and there is no fallback.`,
          `Write for example defaults: { ${JSON.stringify(missing[0])}: 0 }, or fallback: Fallback.prediction(…).`,
        ),
      ];
}

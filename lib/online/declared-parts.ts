import type { ModelConfig, ServerConfig } from '../contract';
import { quote, RULES, type Violation, violation } from '../kubernetes';
import { checkFallback, renderFallback } from './fallback';
import { checkFeatureLookup, renderFeatureLookup } from './features';
import type { OnlineModelProps } from './online-model-props';
import { mergeAdditions, type PodAdditions } from './pod-additions';
import { checkPredictionLog, renderPredictionLog } from './prediction-log';
import {
  checkBatching,
  checkLimits,
  checkResponseCache,
  queueMemoryBytes,
  renderBatching,
  renderLimits,
  renderResponseCache,
} from './scheduling';
import { checkAuthentication, checkServingTls, renderAuthentication, renderServingTls } from './security';
import { checkTracing, renderTracing } from './tracing';

/** What a declaration puts around the model: in the configuration, and in the pod. */
export interface DeclaredParts {
  readonly model: Pick<ModelConfig, 'batching' | 'cache' | 'features' | 'fallback' | 'predictionLog'>;
  readonly server: Pick<ServerConfig, 'limits' | 'authentication' | 'tls' | 'cors' | 'docs' | 'tracing'>;
  readonly additions: Required<PodAdditions>;
}

/** Renders every part that is declared. */
export function resolveParts(props: OnlineModelProps, budgetMillis: number): DeclaredParts {
  const cache = props.cache && renderResponseCache(props.cache);
  const features = props.features && renderFeatureLookup(props.features, budgetMillis);
  const fallback = props.fallback && renderFallback(props.fallback);
  const predictionLog = props.predictionLog && renderPredictionLog(props.predictionLog);
  const authentication = props.authentication && renderAuthentication(props.authentication);
  const tls = props.tls && renderServingTls(props.tls);
  const tracing = props.tracing && renderTracing(props.tracing);
  const parts = [features, fallback, predictionLog, authentication, tls, tracing].filter((part) => part !== undefined);
  return {
    model: {
      batching: props.batching && renderBatching(props.batching),
      cache,
      features: features?.config,
      fallback: fallback?.config,
      predictionLog: predictionLog?.config,
    },
    server: {
      limits: props.limits && renderLimits(props.limits),
      authentication: authentication?.config,
      tls: tls?.config,
      cors: props.cors && { origins: props.cors },
      docs: props.docs,
      tracing: tracing?.config,
    },
    additions: mergeAdditions([
      ...parts.map(({ additions }) => additions),
      { memoryBytes: (cache?.maxBytes ?? 0) + queueMemoryBytes(props.limits ?? {}) },
    ]),
  };
}

/** Checks every part that is declared. */
export function checkParts(props: OnlineModelProps, budgetMillis: number, memoryBytes: number): Violation[] {
  const { model, batching, cache, features, fallback, predictionLog, limits, authentication, tls, cors, tracing } =
    props;
  return [
    ...(batching === undefined ? [] : checkBatching(batching, model, budgetMillis)),
    ...(cache === undefined ? [] : checkResponseCache(cache)),
    ...(features === undefined ? [] : checkFeatureLookup(features, model, budgetMillis)),
    ...(fallback === undefined ? [] : checkFallback(fallback, model, features)),
    ...(predictionLog === undefined ? [] : checkPredictionLog(predictionLog, model, features?._options.entity)),
    ...(limits === undefined ? [] : checkLimits(limits, memoryBytes)),
    ...(authentication === undefined ? [] : checkAuthentication(authentication)),
    ...(tls === undefined ? [] : checkServingTls(tls)),
    ...(cors === undefined ? [] : checkOrigins(cors)),
    ...(tracing === undefined ? [] : checkTracing(tracing)),
  ];
}

/** Checks origins of browsers. */
export function checkOrigins(origins: string[]): Violation[] {
  const wrong = origins.filter((origin) => origin !== '*' && !isOrigin(origin)).map((origin) => `has ${quote(origin)}`);
  return (origins.length === 0 ? ['is empty'] : wrong).map((what) =>
    violation(RULES.corsOrigin, `cors ${what}.`, "Write for example ['https://app.example.com'], or leave it out."),
  );
}

function isOrigin(origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).origin === origin;
}

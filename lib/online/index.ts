export { checkOrigins } from './declared-parts';
export { type CachedFallbackOptions, Fallback } from './fallback';
export { FeatureLookup, type FeatureStoreTls, type RedisLookupOptions } from './features';
export type { ModelBackend } from './model-backend';
export * from './model-gateway';
export * from './online-model';
export * from './online-model-props';
export { mergeAdditions, type PodAdditions } from './pod-additions';
export * from './pod-options';
export {
  type FilePredictionLogOptions,
  type HttpPredictionLogOptions,
  PredictionLog,
  type PredictionLogOptions,
} from './prediction-log';
export {
  Batching,
  type DynamicBatchingOptions,
  type InMemoryCacheOptions,
  ResponseCache,
  type ServingLimits,
} from './scheduling';
export {
  Authentication,
  checkAuthentication,
  checkServingTls,
  JwtAlgorithm,
  JwtKeys,
  type JwtOptions,
  renderAuthentication,
  renderServingTls,
  ServingTls,
  type ServingTlsOptions,
} from './security';
export { resolveImage, TEMPORARY_MOUNT } from './settings';
export { type OtlpTracingOptions, Tracing } from './tracing';
export * from './warm-up';

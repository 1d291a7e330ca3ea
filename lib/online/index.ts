export { type CachedFallbackOptions, Fallback } from './fallback';
export { FeatureLookup, type FeatureStoreTls, type RedisLookupOptions } from './features';
export * from './online-model';
export * from './online-model-props';
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
export { Authentication, JwtAlgorithm, JwtKeys, type JwtOptions, ServingTls, type ServingTlsOptions } from './security';
export { type OtlpTracingOptions, Tracing } from './tracing';
export * from './warm-up';

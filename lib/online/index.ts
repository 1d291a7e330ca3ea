export { type BoundModels, bindModels, memoryNeeds, sizeModels } from './bound-models';
export { type Capacity, resolveCapacity } from './capacity';
export { checkDeclaredOnce, declareModel } from './declared-models';
export { checkOrigins } from './declared-parts';
export { type CachedFallbackOptions, checkFallback, Fallback, renderFallback } from './fallback';
export {
  checkFeatureLookup,
  FeatureLookup,
  type RedisLookupOptions,
  renderFeatureLookup,
  sentInputs,
} from './features';
export { backendOf, type ModelBackend } from './model-backend';
export * from './model-gateway';
export * from './online-model';
export * from './online-model-props';
export { checkBodySize, checkDrainTime } from './online-model-rules';
export { probeTarget, servingIngress } from './pod';
export { mergeAdditions, type PodAdditions } from './pod-additions';
export { objectMetadata, type PodIdentity, resolvePodIdentity } from './pod-identity';
export * from './pod-options';
export { checkPodOptions } from './pod-options-rules';
export {
  checkPredictionLog,
  type FilePredictionLogOptions,
  type HttpPredictionLogOptions,
  PredictionLog,
  type PredictionLogOptions,
  renderPredictionLog,
} from './prediction-log';
export {
  checkRedisServer,
  type FeatureStoreTls,
  type RedisServerOptions,
  renderRedisServer,
} from './redis-server';
export {
  Batching,
  checkBatchSizes,
  checkLimits,
  type DynamicBatchingOptions,
  type InMemoryCacheOptions,
  queueMemoryBytes,
  ResponseCache,
  renderLimits,
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
export { renderModelConfig } from './serving-config';
export { CONFIG_MOUNT, TEMPORARY_MOUNT } from './settings';
export { checkValue } from './tensor-value';
export { type OtlpTracingOptions, Tracing } from './tracing';
export * from './warm-up';

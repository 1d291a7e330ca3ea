export type {
  CpuScalingOptions,
  ModelResources,
  PodPeerOptions,
  Toleration,
} from './kubernetes';
export { DisruptionBudget, Gpu, MountedFile, NetworkPeer, Scaling, TaintEffect } from './kubernetes';
export type {
  AzureBlobSourceOptions,
  DownloadOptions,
  GcsSourceOptions,
  HttpsSourceOptions,
  ImageSourceOptions,
  ModelSignature,
  OnnxModelProps,
  PersistentVolumeClaimSourceOptions,
  S3SourceOptions,
  TensorMetadata,
} from './model';
export {
  Model,
  ModelSource,
} from './model';
export type {
  CachedFallbackOptions,
  DynamicBatchingOptions,
  FeatureStoreTls,
  FilePredictionLogOptions,
  HttpPredictionLogOptions,
  InMemoryCacheOptions,
  JwtOptions,
  OnlineModelProps,
  OtlpTracingOptions,
  PodOptions,
  PredictionLogOptions,
  RedisLookupOptions,
  ServingLimits,
  ServingTlsOptions,
  WarmUpOptions,
} from './online';
export {
  Authentication,
  Batching,
  Fallback,
  FeatureLookup,
  JwtAlgorithm,
  JwtKeys,
  OnlineModel,
  PredictionLog,
  ResponseCache,
  ServingTls,
  Tracing,
  WarmUp,
} from './online';
export type { ServingPolicyProps } from './policy';
export { ServingPolicy } from './policy';

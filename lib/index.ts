export type {
  ITrafficRouter,
  ModelGatewayProps,
  ProxyResources,
  TrafficSplit,
  TrafficSplitRequest,
} from './gateway';
export { DeadMan, ModelAccess, ModelGateway, RateLimit, TrafficCapability } from './gateway';
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
  IModelGateway,
  InMemoryCacheOptions,
  JwtOptions,
  ModelRouteOptions,
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
export type {
  AnalysisStepOptions,
  CanaryRolloutProps,
  DirectMetricsOptions,
  DisagreementGuardrailOptions,
  ErrorRateGuardrailOptions,
  ErrorRateIncreaseGuardrailOptions,
  GuardrailOptions,
  HeaderStepOptions,
  LatencyGuardrailOptions,
  LatencyIncreaseGuardrailOptions,
  MissingDataHoldOptions,
  PrometheusMetricsOptions,
  ShadowStepOptions,
  StepForecast,
  WebhookNotificationOptions,
  WeightStepOptions,
} from './rollout';
export {
  CanaryRollout,
  CanaryStep,
  Guardrail,
  MetricsSource,
  MissingData,
  MissingDataAction,
  Notification,
  Stickiness,
} from './rollout';

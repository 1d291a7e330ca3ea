export type {
  CpuScalingOptions,
  ModelResources,
  PodPeerOptions,
  Toleration,
} from './kubernetes';
export { DisruptionBudget, Gpu, NetworkPeer, Scaling, TaintEffect } from './kubernetes';
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
export type { OnlineModelProps, WarmUpOptions } from './online';
export { OnlineModel, WarmUp } from './online';
export type { ServingPolicyProps } from './policy';
export { ServingPolicy } from './policy';

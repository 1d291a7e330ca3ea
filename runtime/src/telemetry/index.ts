export { AuthenticationMetrics, type AuthenticationResult } from './authentication-metrics';
export type { BatchSizeMeter } from './batch-size-meter';
export { type Cell, CellMetric } from './cell-metric';
export { describeError, type ErrorDescription, errorCode, errorMessage } from './error';
export type { FallbackMeter, FallbackReason } from './fallback-metrics';
export type { FeatureMeter, FeatureOutcome } from './feature-metrics';
export { CellHistogram, type HistogramCell } from './histogram';
export { type CreateLoggerOptions, createLogger, type Logger } from './logger';
export { type LookupMeter, LookupMetrics, type RowSource } from './lookup-metrics';
export { type MeteredModel, ServingMetrics } from './metrics';
export type {
  CacheMeter,
  ModelMeters,
  PlacementMeter,
  Protocol,
  QueueReading,
  RequestMeter,
  RunMeter,
} from './model-meters';
export type { EventOutcome, PredictionLogMeter } from './prediction-log-metrics';
export { StageMetrics } from './stage-metrics';
export type { StoreMeter, StoreOutcome } from './store-metrics';

export { Batcher } from './batcher';
export { BATCHER_LIMITS, type BatcherLimits } from './batcher-limits';
export {
  type BreakerCall,
  type BreakerState,
  CircuitBreaker,
  type CircuitBreakerOptions,
} from './circuit-breaker';
export { exponentialDelay } from './exponential-delay';
export {
  type Inference,
  type Job,
  PREDICTION_SOURCE_HEADER,
  PRIORITIES,
  type PredictionSource,
  type Priority,
  priorityOf,
  type RequestOrigin,
  type StageTimes,
} from './job';
export { JobAround } from './job-around';
export { ResponseCache } from './response-cache';
export { RetryBudget } from './retry-budget';
export { tensorKey } from './tensor-key';

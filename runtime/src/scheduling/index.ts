export { BATCHER_LIMITS, Batcher, type BatcherLimits } from './batcher';
export { type Inference, type Job, PRIORITIES, type PredictionSource, type Priority, type RequestOrigin, type StageTimes } from './job';

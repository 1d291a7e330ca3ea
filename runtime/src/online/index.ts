export { DrainTimeoutError } from './drain-timeout';
export type { ServingLimits } from './limits';
export type { Address } from './listener';
export { type Predictor, type PredictorOptions, startPredictor } from './predictor';
export type { UnusableModel } from './served-models';

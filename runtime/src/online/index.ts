export { type Predictor, type PredictorOptions, startPredictor } from './predictor';
export { keepHeapSmall } from './small-heap';

export { type Predictor, type PredictorOptions, startPredictor } from './predictor';

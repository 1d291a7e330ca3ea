export { type Predictor, type PredictorOptions, startPredictor } from './predictor';
export type { ProvidedAnswerer, ProvidedModel, ProviderHost } from './provided-model';
export { keepHeapSmall } from './small-heap';

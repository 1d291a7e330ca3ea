export { type InferenceChain, InferenceChains } from './inference-chain';
export { type Predictor, type PredictorOptions, startPredictor } from './predictor';
export type { ProvidedAnswerer, ProvidedModel, ProviderHost } from './provided-model';
export { keepHeapSmall } from './small-heap';
export { warmUpInputs } from './warm-up';

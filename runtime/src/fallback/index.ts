export { CachedAnswers } from './cached-answers';
export { DefaultPrediction, FallbackError, readPrediction } from './default-prediction';
export { type Answerer, Fallback, type FallbackOptions } from './fallback';
export { checkTarget, type FallbackTarget, ModelFallback } from './model-fallback';

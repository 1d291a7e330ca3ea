export { type CachedFallbackOptions, Fallback, fallbackModelOf, renderFallback } from './fallback';
export { checkFallback } from './fallback-rules';

export { FeatureLookup, renderFeatureLookup, sentInputs } from './feature-lookup';
export { checkFeatureLookup } from './feature-lookup-rules';
export type { RedisLookupOptions } from './redis-lookup-options';

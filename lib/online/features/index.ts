export { FeatureLookup, renderFeatureLookup, sentInputs } from './feature-lookup';
export { checkFeatureLookup } from './feature-lookup-rules';
export type { FeatureStoreTls, RedisLookupOptions } from './redis-lookup-options';

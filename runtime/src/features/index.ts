export { FEATURE_SOURCE_HEADER, FeatureLookup, type FeatureLookupOptions } from './feature-lookup';
export { type FeaturePlan, FeaturePlanError, planFeatures } from './feature-plan';

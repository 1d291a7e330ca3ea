export { Batching, checkBatching, checkBatchSizes, type DynamicBatchingOptions, renderBatching } from './batching';
export {
  checkCache,
  checkResponseCache,
  type InMemoryCacheOptions,
  ResponseCache,
  renderCache,
  renderResponseCache,
} from './response-cache';
export { checkLimits, queueMemoryBytes, renderLimits, type ServingLimits } from './serving-limits';

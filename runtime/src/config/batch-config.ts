import { BATCH_SCHEMA, type BatchConfig, type ModelConfig } from '../contract';
import { loadConfig } from './load';
import { parseFile } from './parse-file';

/**
 * Reads and checks the configuration file of a batch job.
 *
 * @param file path of the file inside the container
 * @returns the configuration, with the paths and ports of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function loadBatchConfig(file: string): BatchConfig {
  // Its rules are made when they are needed: a predictor has no use for them.
  const { checkedBatchConfig } = require('./batch-schema') as typeof import('./batch-schema');
  return checkedBatchConfig(parseFile(file), `configuration ${file}`);
}

/** The models of a configuration of whatever role, for the one that downloads them. @throws ConfigurationError */
export function loadFetchedModels(file: string): { readonly models: ModelConfig[] } {
  const input = parseFile(file);
  const isBatch = typeof input === 'object' && input !== null && 'schema' in input && input.schema === BATCH_SCHEMA;
  return isBatch ? loadBatchConfig(file) : loadConfig(file);
}

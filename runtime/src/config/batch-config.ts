import { BATCH_SCHEMA, type BatchConfig, type ModelConfig, STREAM_SCHEMA } from '../contract';
import { loadConfig } from './load';
import { parseFile } from './parse-file';
import { loadStreamConfig } from './stream-config';

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
  const schema = typeof input === 'object' && input !== null && 'schema' in input ? input.schema : undefined;
  switch (schema) {
    case BATCH_SCHEMA:
      return loadBatchConfig(file);
    case STREAM_SCHEMA:
      return loadStreamConfig(file);
    default:
      return loadConfig(file);
  }
}

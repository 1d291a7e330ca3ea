import type { StreamConfig } from '../contract';
import { parseFile } from './parse-file';

/**
 * Reads and checks the configuration file of a streaming consumer.
 *
 * @param file path of the file inside the container
 * @returns the configuration, with the paths, ports and servers of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function loadStreamConfig(file: string): StreamConfig {
  // Its rules are made when they are needed: the other roles have no use for them.
  const { checkedStreamConfig } = require('./stream-schema') as typeof import('./stream-schema');
  return checkedStreamConfig(parseFile(file), `configuration ${file}`);
}

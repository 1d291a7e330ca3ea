import type { GatewayAgentConfig, LookupConfig, RolloutConfig, ServingConfig } from '../contract';
import { parseFile } from './parse-file';

// What a role has to follow is made when its configuration is read: the other roles do not wait for it.

/**
 * Reads and checks the configuration file of a predictor.
 *
 * @param file path of the file inside the container
 * @returns the configuration, with the paths and ports of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function loadConfig(file: string): ServingConfig {
  const { readServingConfig } = require('./serving-config') as typeof import('./serving-config');
  return readServingConfig(parseFile(file), `configuration ${file}`);
}

/**
 * Checks a configuration of a predictor that is already parsed.
 *
 * @throws ConfigurationError with everything that is wrong at once
 */
export function checkConfig(input: unknown, subject: string): ServingConfig {
  const { checkServingConfig } = require('./serving-config') as typeof import('./serving-config');
  return checkServingConfig(input, subject);
}

/**
 * Reads and checks the configuration file of a prediction lookup.
 *
 * @param file path of the file inside the container
 * @returns the configuration, with the paths, ports and servers of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function loadLookupConfig(file: string): LookupConfig {
  const { readLookupConfig } = require('./lookup-schema') as typeof import('./lookup-schema');
  return readLookupConfig(parseFile(file), `configuration ${file}`);
}

/**
 * Reads and checks the configuration file of a gateway's agent.
 *
 * @param file path of the file inside the container
 * @returns the configuration, with the paths and ports of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function loadGatewayAgentConfig(file: string): GatewayAgentConfig {
  const agent = require('./gateway-agent-schema') as typeof import('./gateway-agent-schema');
  return agent.loadGatewayAgentConfig(file);
}

/**
 * Reads and checks the configuration file of a rollout.
 *
 * @param file path of the file inside the container
 * @returns the configuration, with the paths and servers of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function loadRolloutConfig(file: string): RolloutConfig {
  const rollout = require('./rollout-schema') as typeof import('./rollout-schema');
  return rollout.loadRolloutConfig(file);
}

/**
 * Checks a configuration of a rollout that is already parsed.
 *
 * @throws ConfigurationError with everything that is wrong at once
 */
export function readRolloutConfig(input: unknown, subject: string): RolloutConfig {
  const rollout = require('./rollout-schema') as typeof import('./rollout-schema');
  return rollout.readRolloutConfig(input, subject);
}

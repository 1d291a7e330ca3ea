import type { GatewayAgentConfig } from '../contract';
import { BaseRoutes } from './base-routes';
import { seedRoutes as seed } from './routes-file';

export { type AgentOptions, type RunningAgent, startAgent } from './agent';
export { releaseStartMemory } from './start-memory';

/**
 * Makes sure that a proxy finds routes when it starts: those that an agent wrote before, when they belong to this manifest,
 * else those of the manifest.
 *
 * @throws ConfigurationError when the routes or the pointers into them cannot be used
 */
export function seedRoutes(config: GatewayAgentConfig): void {
  seed(BaseRoutes.open(config), config.routesPath);
}

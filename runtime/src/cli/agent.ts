import { loadGatewayAgentConfig } from '../config';
import { releaseStartMemory, seedRoutes, startAgent } from '../gateway';
import { createLogger } from '../telemetry';
import { explainPortFault } from './ports';
import { drainOnSignal } from './signals';

/** Options of {@link agent}. */
export interface AgentCommandOptions {
  readonly config: string;

  /** Whether routes are written once, for a proxy that starts. */
  readonly seed?: boolean;
}

/** The `agent` role: keeps the live routes of a proxy until a signal ends it. */
export async function agent({ config: file, seed = false }: AgentCommandOptions): Promise<void> {
  const logger = createLogger({ name: 'agent' });
  const config = loadGatewayAgentConfig(file);
  if (seed) {
    seedRoutes(config);
    logger.info({ gateway: config.gateway, path: config.routesPath }, 'routes are there');
    return;
  }
  const running = await startAgent(config, { logger }).catch((error: unknown) => {
    throw explainPortFault(error, [{ port: config.port, setting: 'port' }]);
  });
  drainOnSignal(logger, () => running.close());
  releaseStartMemory();
}

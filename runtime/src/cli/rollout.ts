import { loadRolloutConfig } from '../config';
import { ROLLOUT_PORTS } from '../contract';
import { startRollout } from '../rollout';
import { createLogger } from '../telemetry';
import { explainPortFault } from './ports';
import { drainOnSignal } from './signals';

/** The `rollout` role: moves traffic from a stable version to a candidate, until a signal ends it. */
export async function rollout(file: string): Promise<void> {
  const logger = createLogger({ name: 'rollout' });
  const running = await startRollout(loadRolloutConfig(file), { logger }).catch((error: unknown) => {
    throw explainPortFault(error, [
      { port: ROLLOUT_PORTS.http, setting: 'ROLLOUT_PORTS.http' },
      { port: ROLLOUT_PORTS.outcomes, setting: 'ROLLOUT_PORTS.outcomes' },
      { port: ROLLOUT_PORTS.metrics, setting: 'ROLLOUT_PORTS.metrics' },
    ]);
  });
  drainOnSignal(logger, () => running.close());
}

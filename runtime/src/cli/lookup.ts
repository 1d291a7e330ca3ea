import { loadLookupConfig } from '../config';
import { startLookup } from '../lookup';
import { keepHeapSmall } from '../online';
import { createLogger } from '../telemetry';
import { explainPortFault } from './ports';
import { drainOnSignal } from './signals';

/** The `lookup` role: serves tables of predictions until a signal ends it. */
export async function lookup(file: string): Promise<void> {
  const logger = createLogger({ name: 'lookup' });
  const config = loadLookupConfig(file);
  const { httpPort, grpcPort, metricsPort } = config.server;
  const running = await startLookup(config, { logger }).catch((error: unknown) => {
    throw explainPortFault(error, [
      { port: httpPort, setting: 'server.httpPort' },
      { port: grpcPort, setting: 'server.grpcPort' },
      { port: metricsPort, setting: 'server.metricsPort' },
    ]);
  });
  drainOnSignal(logger, () => running.drain());
  await running.ready;
  keepHeapSmall();
}

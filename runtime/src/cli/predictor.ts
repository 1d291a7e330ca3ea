import { loadConfig } from '../config';
import { keepHeapSmall, startPredictor } from '../online';
import { createLogger } from '../telemetry';
import { explainPortFault } from './ports';
import { drainOnSignal } from './signals';

/** The `predictor` role: serves until a signal ends it. */
export async function predictor(file: string): Promise<void> {
  const logger = createLogger({ name: 'predictor' });
  const config = loadConfig(file);
  const { httpPort, grpcPort, metricsPort, management } = config.server;
  const declaredNow = async () => loadConfig(file).models;
  const running = await startPredictor(config, { logger, onLoadFailure: 'exit', declaredNow }).catch(
    (error: unknown) => {
      throw explainPortFault(error, [
        { port: httpPort, setting: 'server.httpPort' },
        { port: grpcPort, setting: 'server.grpcPort' },
        { port: metricsPort, setting: 'server.metricsPort' },
        ...(management === undefined ? [] : [{ port: management.port, setting: 'server.management.port' }]),
      ]);
    },
  );
  drainOnSignal(logger, () => running.drain());
  await running.ready;
  keepHeapSmall();
}

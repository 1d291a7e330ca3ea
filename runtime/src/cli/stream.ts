import { setTimeout as wait } from 'node:timers/promises';
import { loadStreamConfig } from '../config';
import { startStream } from '../streaming';
import { createLogger, type Logger } from '../telemetry';
import { exitWith } from './exit';
import { explainPortFault } from './ports';
import { drainOnSignal } from './signals';

const REPORT_MILLIS = 10_000;

/** Options of {@link stream}. */
export interface StreamCommandOptions {
  readonly config: string;

  /** Port of probes and metrics, in place of the configured one; 0 = any free one. */
  readonly metricsPort?: number;

  /**
   * Whether the log tells now and then how many events are done.
   *
   * @default false
   */
  readonly report?: boolean;
}

/** The `stream` role: scores events until a signal, or what is wrong, ends it. */
export async function stream({ config: file, metricsPort, report = false }: StreamCommandOptions): Promise<void> {
  const logger = createLogger({ name: 'stream' });
  const loaded = loadStreamConfig(file);
  const config = metricsPort === undefined ? loaded : { ...loaded, metricsPort };
  const running = await startStream(config, { logger }).catch((error: unknown) => {
    throw explainPortFault(error, [{ port: config.metricsPort, setting: 'metricsPort' }]);
  });
  logger.debug({ port: running.metricsPort }, 'probes and metrics');
  drainOnSignal(logger, () =>
    Promise.race([
      running.drain(),
      wait(config.drainTimeoutMillis, undefined, { ref: false }).then(() => {
        throw new Error(
          `Micro-batches were not finished within ${config.drainTimeoutMillis} ms (drainTimeoutMillis); they will be redelivered.`,
        );
      }),
    ]),
  );
  if (report) {
    reportOf(logger, () => running.done);
  }
  // Whatever it is, nothing of what it concerns was acknowledged.
  await running.ended.catch(exitWith);
}

function reportOf(logger: Logger, done: () => number): void {
  let before = 0;
  setInterval(() => {
    const events = done();
    logger.info({ events, perSecond: Math.round(((events - before) * 1000) / REPORT_MILLIS) }, 'events done');
    before = events;
  }, REPORT_MILLIS).unref();
}

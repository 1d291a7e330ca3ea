import { EXIT_CODES } from '../contract';
import type { Logger } from '../telemetry';
import { exitWith } from './exit';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Drains at the first signal that asks the process to stop, then ends it with code 0, or 1 when draining fails.
 * A further signal does not shorten the drain: requests are still in flight.
 */
export function drainOnSignal(logger: Logger, drain: () => Promise<void>): void {
  let draining = false;
  const stop = (signal: NodeJS.Signals) => {
    if (draining) {
      logger.info({ signal }, 'still draining; a further signal does not shorten it');
      return;
    }
    draining = true;
    logger.info({ signal }, 'draining');
    drain().then(() => {
      logger.info('drained');
      process.exit(EXIT_CODES.ok);
    }, exitWith);
  };
  for (const signal of STOP_SIGNALS) {
    process.on(signal, stop);
  }
}

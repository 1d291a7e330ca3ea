import { setTimeout as wait } from 'node:timers/promises';
import { errorMessage, type Logger } from '../telemetry';
import type { ProxyAdmin } from './proxy-admin';

const LOOK_MILLIS = 100;

/** Times of a drain, in milliseconds. */
export interface DrainTimes {
  /** How long clients take to learn that the pod leaves. */
  readonly endpointRemovalMillis: number;

  /** Longest time of all. */
  readonly drainMillis: number;
}

/**
 * Lets the proxy answer what is in flight: its health check fails from now on, and its answers ask clients to go. Returns
 * when nothing is in flight any more, but not before clients had time to learn of it, or when the time is over. Never
 * rejects: a proxy that does not answer has nothing in flight.
 */
export async function drainProxy(admin: ProxyAdmin, times: DrainTimes, logger: Logger): Promise<void> {
  const started = performance.now();
  const passed = () => performance.now() - started;
  try {
    await admin.failHealthCheck();
    await wait(Math.min(times.endpointRemovalMillis, times.drainMillis));
    let active = await admin.activeRequests();
    while (active > 0 && passed() < times.drainMillis) {
      await wait(LOOK_MILLIS);
      active = await admin.activeRequests();
    }
    const line = { millis: Math.round(passed()), active };
    if (active > 0) {
      logger.warn(line, 'the time of the drain is over, with requests in flight');
    } else {
      logger.info(line, 'the proxy has drained');
    }
  } catch (error) {
    logger.warn({ reason: errorMessage(error) }, 'the proxy does not answer: nothing is drained');
  }
}

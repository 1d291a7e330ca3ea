import { setTimeout as wait } from 'node:timers/promises';

/** Longest wait for an event, well below the time that a test may take. */
const MAX_WAIT_MILLIS = 20_000;
const INTERVAL_MILLIS = 20;

/**
 * Asks until the answer is neither `undefined` nor `false`, and returns it. The way to wait for what another process does.
 *
 * @param withinMillis for what takes longer on a busy machine, such as the start of a large server
 * @throws the last error of `ask`, or one that names `what`, when the event does not come
 */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  withinMillis = MAX_WAIT_MILLIS,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + withinMillis;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) {
        return answer as Exclude<T, false | null | undefined>;
      }
      if (performance.now() > end) {
        throw new Error(`did not happen: ${what}`);
      }
    } catch (error) {
      if (performance.now() > end) {
        throw error;
      }
    }
    await wait(INTERVAL_MILLIS);
  }
}

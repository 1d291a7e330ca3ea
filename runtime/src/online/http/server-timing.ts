import type { StageTimes } from '../../scheduling';

/** Header with the time that each stage of an answer took. */
export const SERVER_TIMING = 'Server-Timing';

/**
 * The stages of an answer, in milliseconds.
 *
 * @param serialization seconds for reading the body and writing the answer
 * @see https://www.w3.org/TR/server-timing/
 */
export function serverTiming({ queue, features, inference }: StageTimes, serialization: number): string {
  const lookup = features > 0 ? `features;dur=${millis(features)},` : '';
  return `queue;dur=${millis(queue)},${lookup}inference;dur=${millis(inference)},serialization;dur=${millis(serialization)}`;
}

/** Fractions of a millisecond, ready: to write a number with a fraction costs more than all else here. */
const THOUSANDTHS = Array.from({ length: 1000 }, (_, micros) => String(micros / 1000).slice(1));

/** To the microsecond. */
function millis(seconds: number): string {
  const micros = Math.max(0, Math.round(seconds * 1e6));
  const whole = Math.floor(micros / 1000);
  return `${whole}${THOUSANDTHS[micros - whole * 1000]}`;
}

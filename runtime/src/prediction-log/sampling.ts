import { parseTraceparent } from './trace-context';

/** Digits of a trace id that are random. */
const RANDOM_DIGITS = 14;
const RANDOM_RANGE = 16 ** RANDOM_DIGITS;

/**
 * Whether a request is recorded.
 *
 * All services that use the same share and see the same trace decide alike: the last 56 bits of the trace id are the
 * random number, as in OpenTelemetry's consistent sampling. Without trace the decision is random.
 *
 * @param ratio share of the requests, from 0 to 1
 * @param random a number from 0 to 1, for requests without trace
 */
export function isSampled(ratio: number, traceparent: string | undefined, random: () => number = Math.random): boolean {
  if (ratio >= 1) {
    return true;
  }
  const trace = parseTraceparent(traceparent);
  const number =
    trace === undefined ? random() : Number.parseInt(trace.traceId.slice(-RANDOM_DIGITS), 16) / RANDOM_RANGE;
  return number >= 1 - ratio;
}

import { RequestError, type RequestHeaders } from '../../protocol';

/** Header with the longest time that the client waits; the name in lower case, as Node.js gives it. */
const TIMEOUT_HEADER = 'x-request-timeout-ms';

/**
 * The longest time that the client waits for its answer, in milliseconds; infinite when it does not say.
 *
 * @throws RequestError 400
 */
export function requestedMillis(headers: RequestHeaders): number {
  const value = headers[TIMEOUT_HEADER];
  if (value === undefined) {
    return Number.POSITIVE_INFINITY;
  }
  if (typeof value !== 'string' || !/^0*[1-9]\d*$/.test(value)) {
    throw new RequestError(400, `The header ${TIMEOUT_HEADER} must be a whole number of milliseconds, 1 or more.`);
  }
  return Number(value);
}

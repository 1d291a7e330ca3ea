import { RETRY_AFTER, RequestError } from '../protocol';

/** Longest time that a client is asked to stay away, in seconds. */
const MOST_RETRY_SECONDS = 60;

const known = new Map<number, RequestError>();

/**
 * The answer to a request for which there is no time or no room. Under overload it is needed more often than any other, so
 * there is one for each time: making an error, with its stack trace, costs as much as a small prediction.
 *
 * @param waitSeconds when there will be room, as far as is known
 */
export function tooManyRequests(waitSeconds: number): RequestError {
  const seconds = Math.min(MOST_RETRY_SECONDS, Math.max(1, Math.ceil(waitSeconds)));
  let error = known.get(seconds);
  if (error === undefined) {
    error = new RequestError(429, 'Too many requests are waiting for this model; try again later.', {
      'Retry-After': String(seconds),
    });
    known.set(seconds, error);
  }
  return error;
}

/** The answer to a request that waited until its time limit. */
export const EXPIRED = new RequestError(504, 'The request waited longer than its time limit and was not run.');

/** The answer to a request that comes while its model is being unloaded. */
export const UNLOADED = new RequestError(503, 'The model is being unloaded; try again later.', RETRY_AFTER);

/** The answer to a request whose answer would take too much memory. */
export const ANSWER_TOO_LARGE = new RequestError(
  400,
  'The answer would be larger than the limit of the server (server.limits.maxResponseBytes); send fewer rows in a request.',
);

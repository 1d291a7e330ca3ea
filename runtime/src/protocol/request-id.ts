import type { RequestHeaders } from './prediction';

/** Header with the client's own identifier of a request; the name in lower case, as Node.js gives it. */
export const REQUEST_ID_HEADER = 'x-request-id';

/** Safe in a header, in a log line and in a file name. */
const SUITABLE = /^[\w.:/+=@~-]{1,128}$/;

/** The client's own identifier of a request; undefined when there is none, or one that is too long or not safe to repeat. */
export function readRequestId(headers: RequestHeaders): string | undefined {
  const id = headers[REQUEST_ID_HEADER];
  return typeof id === 'string' && SUITABLE.test(id) ? id : undefined;
}

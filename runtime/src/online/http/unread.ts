import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestError } from '../../protocol';
import type { Responder } from './responder';

/** A refused body up to this size is read and thrown away, so that its connection stays usable. */
const MAX_SKIPPED_BYTES = 64 * 1024;

/** Refuses a request whose body has not been read, and will not be. */
export function refuseUnread(
  request: IncomingMessage,
  response: ServerResponse,
  error: RequestError,
  responder: Responder,
): void {
  const { headers } = request;
  const isLong = headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > MAX_SKIPPED_BYTES;
  if (isLong || headers.expect !== undefined) {
    responder.errorAndClose(request, response, error);
  } else {
    responder.error(response, error);
  }
}

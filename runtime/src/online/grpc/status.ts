import { Metadata, status } from '@grpc/grpc-js';
import { RequestError } from '../../protocol';
import type { Logger } from '../../telemetry';

/** The gRPC code of each HTTP status that a request can be answered with. */
const CODES: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  413: status.RESOURCE_EXHAUSTED,
  415: status.UNIMPLEMENTED,
  429: status.RESOURCE_EXHAUSTED,
  499: status.CANCELLED,
  500: status.INTERNAL,
  501: status.UNIMPLEMENTED,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
};

/** Clients refuse trailers of more than 8 KiB by default; a message may name every input of a model. */
const MAX_DETAILS = 2000;

/** How a call ends when it fails. */
export interface FailedStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata | undefined;
}

/**
 * The status of a call that is answered with an error.
 *
 * @param more headers besides the error's own
 */
export function statusOf(
  { status: http, message, headers }: RequestError,
  more: Readonly<Record<string, string>> = {},
): FailedStatus {
  return {
    code: CODES[http] ?? (http < 500 ? status.INVALID_ARGUMENT : status.INTERNAL),
    details: wellFormed(message.length > MAX_DETAILS ? `${message.slice(0, MAX_DETAILS)}…` : message),
    metadata: metadataOf({ ...more, ...headers }),
  };
}

/** What a client is told of an error: its own when it is meant for clients, else nothing of it. */
export function asRequestError(error: unknown, logger: Logger): RequestError {
  if (error instanceof RequestError) {
    return error;
  }
  logger.error({ error }, 'a call failed unexpectedly');
  return new RequestError(500, 'Internal error.');
}

/** A text that was cut within a character cannot be encoded: the half is replaced. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/**
 * Headers of an HTTP answer as trailing metadata; undefined when there are none. `Retry-After` becomes `retry-after-ms`,
 * and `grpc-retry-pushback-ms`, which clients with a retry policy obey.
 *
 * @see https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 */
export function metadataOf(headers: Readonly<Record<string, string>>): Metadata | undefined {
  let metadata: Metadata | undefined;
  for (const [name, value] of Object.entries(headers)) {
    metadata ??= new Metadata();
    if (name.toLowerCase() === 'retry-after') {
      const millis = String(Number(value) * 1000);
      metadata.set('retry-after-ms', millis);
      metadata.set('grpc-retry-pushback-ms', millis);
    } else {
      metadata.set(name, value);
    }
  }
  return metadata;
}

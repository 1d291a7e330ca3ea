import { types } from 'node:util';

/** What a log line says of an error. */
export interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
}

const MAX_CAUSES = 5;

/** The parts of an error that describe the fault, without the request, response or client that libraries attach to it. */
export function describeError(error: unknown): ErrorDescription {
  return describe(error, MAX_CAUSES);
}

/** The message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  if (isError(error) && error.message === '' && 'errors' in error && Array.isArray(error.errors)) {
    return error.errors.map(errorMessage).join('; ');
  }
  return isError(error) ? error.message || error.name : String(error);
}

/** The code of a system or library error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  const code = isError(error) && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Errors of Node's own modules are of another realm when code runs in a VM context, as tests do. */
function isError(error: unknown): error is Error {
  return error instanceof Error || types.isNativeError(error);
}

function describe(error: unknown, causes: number): ErrorDescription {
  if (!isError(error)) {
    return { type: typeof error, message: errorMessage(error) };
  }
  return {
    type: error.name,
    message: errorMessage(error),
    code: errorCode(error),
    stack: error.stack,
    cause: error.cause === undefined || causes === 0 ? undefined : describe(error.cause, causes - 1),
  };
}

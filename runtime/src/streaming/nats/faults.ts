import type { JetStreamApiError } from '@nats-io/jetstream';
import { errorMessage } from '../../telemetry';
import { StreamError } from '../event';

/** Status of answers of JetStream from which on the server is at fault, and may not be later. */
const FIRST_SERVER_FAULT = 500;

/** Words of TLS libraries about certificates, and of the client about servers without TLS. */
const TLS =
  /self.signed certificate|unable to (verify|get)|certificate (has expired|required)|altnames|bad certificate|tls/i;

/**
 * The error for a fault that lasts until somebody changes something; undefined when it may be gone in a while.
 *
 * @param subject what is read or written, for messages
 */
export function lastingFault(subject: string, error: unknown): StreamError | undefined {
  const reason = reasonOf(error);
  return reason === undefined ? undefined : StreamError.declaration(`${subject}: ${reason}.`, { cause: error });
}

function reasonOf(error: unknown): string | undefined {
  const { errors } = require('@nats-io/transport-node') as typeof import('@nats-io/transport-node');
  const cause = error instanceof Error ? error.cause : undefined;
  for (const each of [error, cause]) {
    if (each instanceof errors.AuthorizationError || each instanceof errors.UserAuthenticationExpiredError) {
      return 'the server does not accept the login. Correct the files of credentialsPath or loginPath';
    }
    if (each instanceof errors.PermissionViolationError) {
      const what = each.operation === 'publish' ? 'publish to' : 'subscribe to';
      return `the user may not ${what} '${each.subject}'. Allow it`;
    }
    if (isStreamAbsent(each)) {
      return 'the stream is absent. Make it (nats stream add), or correct the name';
    }
    const refusal = refusalOfApi(each);
    if (refusal !== undefined && refusal.status < FIRST_SERVER_FAULT) {
      return `the server refuses: ${refusal.message}`;
    }
  }
  if (isUnanswered(error)) {
    return 'nobody takes requests of JetStream there. Start the server with JetStream (-js), and enable it for the account';
  }
  const message = errorMessage(error);
  return TLS.test(message)
    ? `TLS to the server fails (${message}). Correct tls, or the certificate of the server`
    : undefined;
}

/** What JetStream has refused; undefined = it was something else that failed. */
export function refusalOfApi(error: unknown): JetStreamApiError | undefined {
  const { JetStreamApiError } = require('@nats-io/jetstream') as typeof import('@nats-io/jetstream');
  return error instanceof JetStreamApiError ? error : undefined;
}

/** Whether JetStream knows no such stream. */
export function isStreamAbsent(error: unknown): boolean {
  const { JetStreamApiCodes } = require('@nats-io/jetstream') as typeof import('@nats-io/jetstream');
  return refusalOfApi(error)?.code === JetStreamApiCodes.StreamNotFound;
}

/** Whether JetStream knows no such consumer. */
export function isConsumerAbsent(error: unknown): boolean {
  const { JetStreamApiCodes } = require('@nats-io/jetstream') as typeof import('@nats-io/jetstream');
  return refusalOfApi(error)?.code === JetStreamApiCodes.ConsumerNotFound;
}

/** Whether nobody listens to what was asked. */
export function isUnanswered(error: unknown): boolean {
  const { errors } = require('@nats-io/transport-node') as typeof import('@nats-io/transport-node');
  const cause = error instanceof Error ? error.cause : undefined;
  return [error, cause].some(
    (each) =>
      each instanceof errors.NoRespondersError || (each instanceof errors.RequestError && each.isNoResponders()),
  );
}

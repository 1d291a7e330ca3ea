import { errorMessage } from '../../telemetry';
import { StreamError } from '../event';
import { codeOf, KAFKA_CODES } from './library';

/** A login that is refused, and faults of certificates: nothing changes them but another declaration. */
const LOGIN: ReadonlySet<number> = new Set([
  KAFKA_CODES.authentication,
  KAFKA_CODES.saslAuthentication,
  KAFKA_CODES.unsupportedSaslMechanism,
]);

const RIGHTS: ReadonlySet<number> = new Set([
  KAFKA_CODES.topicAuthorization,
  KAFKA_CODES.groupAuthorization,
  KAFKA_CODES.clusterAuthorization,
  KAFKA_CODES.transactionalIdAuthorization,
]);

const ABSENT: ReadonlySet<number> = new Set([
  KAFKA_CODES.unknownTopic,
  KAFKA_CODES.unknownTopicLocally,
  KAFKA_CODES.unknownPartition,
]);

/** What librdkafka writes of a login that is refused, and of certificates that are not accepted; of either side. */
const REFUSED = /SASL authentication error|certificate verify failed|SSL handshake failed.*alert/i;

/** Whether a line of the client's log says that the brokers refuse who we are, or we who they are. */
export function isLoginFaultText(text: string): boolean {
  return REFUSED.test(text);
}

/** Whether the declaration is at fault: the login, a right, or a topic that is absent. */
export function isDeclarationFault(error: unknown): boolean {
  const code = codeOf(error);
  return LOGIN.has(code) || RIGHTS.has(code) || ABSENT.has(code);
}

/** The fault in words for those who declare. @param subject begins the sentence: `The topic 'clicks'` */
export function declarationError(subject: string, cluster: string, error: unknown): StreamError {
  const code = codeOf(error);
  const reason = messageOf(error).replace(/\.$/, '');
  const fix = LOGIN.has(code)
    ? 'Correct the login, or the certificates.'
    : RIGHTS.has(code)
      ? 'Grant the right (ACL), or declare another user.'
      : 'Create the topic, or correct its name.';
  return StreamError.declaration(`${subject} cannot be used at ${cluster}: ${reason}. ${fix}`, { cause: error });
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : errorMessage(error);
}

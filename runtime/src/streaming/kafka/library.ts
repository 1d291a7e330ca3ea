import type { RdKafka } from '@confluentinc/kafka-javascript';
import { errorMessage } from '../../telemetry';
import { StreamError } from '../event';

/** What is used of the library: the thin classes around librdkafka, which hand over whole batches. */
export type Library = typeof RdKafka;

/** An error of librdkafka, by its code. */
export interface KafkaError extends Error {
  readonly code: number;

  /** Of transactions: the same call may be made again. */
  readonly isRetriable?: boolean;

  /** Of transactions: it must be aborted. */
  readonly isTxnRequiresAbort?: boolean;

  readonly isFatal?: boolean;
}

/** Codes of errors: those of the protocol, and below zero those of librdkafka. */
export const KAFKA_CODES = {
  unknownTopic: 3,
  tooLarge: 10,
  recordListTooLarge: 18,
  illegalGeneration: 22,
  unknownMember: 25,
  rebalanceInProgress: 27,
  topicAuthorization: 29,
  groupAuthorization: 30,
  clusterAuthorization: 31,
  invalidTimestamp: 32,
  unsupportedSaslMechanism: 33,
  transactionalIdAuthorization: 53,
  saslAuthentication: 58,
  fencedInstance: 82,
  invalidRecord: 87,
  transport: -195,
  resolve: -193,
  unknownPartition: -190,
  unknownTopicLocally: -188,
  allBrokersDown: -187,
  timedOut: -185,
  queueFull: -184,
  sslFault: -181,
  assign: -175,
  revoke: -174,
  authentication: -169,
  noOffset: -168,
  fatal: -150,
  pollExceeded: -147,
  assignmentLost: -142,
} as const;

const UNKNOWN = -1;

/**
 * Loads the library: native code, which only those load who use it.
 *
 * @throws StreamError when it is not there, or is for another Node.js
 */
export function loadLibrary(): Library {
  try {
    return (require('@confluentinc/kafka-javascript') as typeof import('@confluentinc/kafka-javascript')).RdKafka;
  } catch (error) {
    throw StreamError.declaration(
      `Kafka's native client cannot be loaded: ${errorMessage(error).split('\n')[0]}. The runtime image has it. Elsewhere npm ` +
        'downloads it with the package where that is allowed; in a checkout, `npm run native:kafka` compiles it for this ' +
        'Node.js (docs/reference/image.md).',
      { cause: error },
    );
  }
}

/** Calls what answers by a callback. */
export function called<T = void>(call: (done: (error: unknown, value?: unknown) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

/** Errors that the client tells of by itself have lost their codes; the texts are librdkafka's. */
const CODES_OF_TEXTS: Readonly<Record<string, number>> = {
  'authentication failure': KAFKA_CODES.authentication,
  'all broker connections are down': KAFKA_CODES.allBrokersDown,
  'ssl error': KAFKA_CODES.sslFault,
};

/** The code of an error; 0 when it has none. */
export function codeOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'number') {
    return 0;
  }
  if (error.code !== UNKNOWN || !('message' in error)) {
    return error.code;
  }
  return (
    CODES_OF_TEXTS[
      String(error.message)
        .replace(/^Local: /, '')
        .toLowerCase()
    ] ?? UNKNOWN
  );
}

/** What native code gives as an error: an object with code and message. */
export function nativeError(error: unknown): unknown {
  if (error instanceof Error || typeof error !== 'object' || error === null || !('message' in error)) {
    return error;
  }
  return Object.assign(new Error(String(error.message)), { code: codeOf(error) });
}

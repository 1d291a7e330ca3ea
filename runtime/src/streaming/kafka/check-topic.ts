import { setTimeout as wait } from 'node:timers/promises';
import type { RdKafka } from '@confluentinc/kafka-javascript';
import type { KafkaClusterConfig } from '../../contract';
import { exponentialDelay } from '../../scheduling';
import { errorMessage } from '../../telemetry';
import { type ClientContext, StreamError } from '../event';
import { clusterName, connectionProperties } from './cluster';
import { declarationError, isLoginFaultText } from './faults';
import { called, KAFKA_CODES, loadLibrary } from './library';

const ATTEMPT_MILLIS = 5000;
const POLL_MILLIS = 50;
const FIRST_PAUSE = 200;
const MOST_PAUSE = 5000;

/** A topic that was created this moment is not yet known to every broker. */
const ABSENT_MILLIS = 5000;

/** How long a cluster that cannot be reached is waited for, in milliseconds. */
const PATIENCE_MILLIS = 60_000;

/**
 * Looks whether the cluster can be reached and has the topic, before anything else is started: what is wrong is said in a
 * message instead of being tried for ever.
 *
 * @returns partitions of the topic
 * @throws StreamError (43) when the login is refused, or the topic is absent
 * @throws Error when the cluster cannot be reached for a minute
 */
export async function checkTopic(
  cluster: KafkaClusterConfig,
  topic: string,
  context: ClientContext,
  patienceMillis = PATIENCE_MILLIS,
): Promise<number> {
  const started = performance.now();
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await askOnce(cluster, topic, context);
    } catch (error) {
      const since = performance.now() - started;
      if (error instanceof AbsentTopicError && since >= ABSENT_MILLIS) {
        throw declarationError(`The topic '${topic}'`, clusterName(cluster), error);
      }
      if (error instanceof StreamError) {
        throw error;
      }
      if (since >= patienceMillis) {
        throw new Error(
          `${clusterName(cluster).replace('the', 'The')} cannot be reached: ${errorMessage(error)}. ` +
            'Start it, or correct bootstrapServers and tls.',
          { cause: error },
        );
      }
      context.onRetry(error);
      context.logger.warn(
        { reason: errorMessage(error), servers: cluster.bootstrapServers },
        'Kafka does not answer yet',
      );
      await wait(exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE));
    }
  }
}

class AbsentTopicError extends Error {
  override readonly name = 'AbsentTopicError';
  readonly code = KAFKA_CODES.unknownTopic;
}

async function askOnce(cluster: KafkaClusterConfig, topic: string, { consumer }: ClientContext): Promise<number> {
  const { Producer } = loadLibrary();
  const client = new Producer(connectionProperties(cluster, consumer) as RdKafka.ProducerGlobalConfig);
  // Only what is polled says why there is no answer, and the log more than the errors: the call itself just times out.
  let reason: string | undefined;
  const refused = new Promise<never>((_, reject) => {
    client.on('event.log', (entry: { readonly message?: string }) => {
      reason = reasonOf(entry.message ?? '') ?? reason;
      if (reason !== undefined && isLoginFaultText(reason)) {
        reject(
          declarationError('The login', clusterName(cluster), { code: KAFKA_CODES.authentication, message: reason }),
        );
      }
    });
  });
  client.on('event.error', () => undefined);
  const polling = setInterval(() => {
    try {
      client.poll();
    } catch {
      // It is not connected yet, or not any more.
    }
  }, POLL_MILLIS);
  const connecting = called<RdKafka.Metadata>((done) => client.connect({ topic, timeout: ATTEMPT_MILLIS }, done));
  try {
    const metadata = await Promise.race([connecting, refused]);
    const partitions = metadata.topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
    if (partitions === 0) {
      throw new AbsentTopicError('it is absent, or may not be seen by this user');
    }
    return partitions;
  } catch (error) {
    throw error instanceof StreamError || error instanceof AbsentTopicError
      ? error
      : new Error(reason ?? errorMessage(error), { cause: error });
  } finally {
    clearInterval(polling);
    refused.catch(() => undefined);
    connecting.then(
      () => client.disconnect(),
      () => undefined, // it has ended by itself
    );
  }
}

/** What a line of the log says, without threads and addresses; undefined when it is about something else than a failure. */
function reasonOf(line: string): string | undefined {
  const [, text] = /^(?:\[thrd:[^\]]*\]: )?(?:\S+\/(?:bootstrap|\d+): )?(.*?)(?: \(after .*)?$/.exec(line) ?? [];
  return text !== undefined && /fail|error|refused|resolve|disconnect/i.test(text) ? text : undefined;
}

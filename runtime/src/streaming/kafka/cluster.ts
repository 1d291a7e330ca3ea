import { readFileSync } from 'node:fs';
import type { ClientTlsConfig, KafkaClusterConfig, KafkaSaslConfig } from '../../contract';
import { errorMessage } from '../../telemetry';
import { StreamError } from '../event';

/** Properties of librdkafka. */
export type Properties = Record<string, string | number | boolean>;

/**
 * How the clients of a cluster connect.
 *
 * @throws StreamError when a file cannot be read
 */
export function connectionProperties(cluster: KafkaClusterConfig, clientId: string): Properties {
  const { bootstrapServers, tls, sasl } = cluster;
  return {
    'bootstrap.servers': bootstrapServers,
    'client.id': clientId,
    'security.protocol': `${sasl === undefined ? '' : 'sasl_'}${tls === undefined ? 'plaintext' : 'ssl'}`,
    'allow.auto.create.topics': false,
    'socket.keepalive.enable': true,
    // A broker that comes back is found within a second.
    'reconnect.backoff.max.ms': 1000,
    ...(tls === undefined ? {} : tlsProperties(tls)),
    ...(sasl === undefined ? {} : saslProperties(sasl)),
  };
}

/** How people find the cluster in messages. */
export function clusterName({ bootstrapServers }: KafkaClusterConfig): string {
  return `the Kafka cluster at ${bootstrapServers}`;
}

function tlsProperties({ caPath, certificatePath, keyPath }: ClientTlsConfig): Properties {
  return {
    // The library's build may look for the authorities elsewhere than the image has them.
    ...(caPath === undefined ? { 'ssl.ca.location': 'probe' } : { 'ssl.ca.location': readable(caPath) }),
    ...(certificatePath === undefined ? {} : { 'ssl.certificate.location': readable(certificatePath) }),
    ...(keyPath === undefined ? {} : { 'ssl.key.location': readable(keyPath) }),
  };
}

function saslProperties({ mechanism, username, passwordPath }: KafkaSaslConfig): Properties {
  return {
    'sasl.mechanism': mechanism,
    'sasl.username': username,
    'sasl.password': content(passwordPath).replace(/\r?\n$/, ''),
  };
}

function readable(path: string): string {
  content(path);
  return path;
}

function content(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw StreamError.declaration(`A file of the Kafka client cannot be read: ${errorMessage(error)}.`, {
      cause: error,
    });
  }
}

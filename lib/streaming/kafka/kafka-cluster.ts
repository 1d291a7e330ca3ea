import type { KafkaClusterConfig } from '../../contract';
import type { Violation } from '../../kubernetes';
import { mergeAdditions, type PodAdditions } from '../../online';
import { type AddressForm, brokerDestinations, checkBrokers } from '../broker-address';
import { type BrokerTls, checkBrokerTls, renderBrokerTls, tlsFiles } from '../broker-tls';
import { checkKafkaLogin, type KafkaLogin, renderKafkaLogin } from './kafka-login';

const BROKERS: AddressForm = { example: 'kafka-0.kafka:9092,kafka-1.kafka:9092', port: 9092 };

/** How a Kafka cluster is reached. */
export interface KafkaClusterOptions {
  /**
   * Brokers to ask first, `host:port`, several with commas between them: `kafka:9092`. The network policy lets the pods connect to
   * them, and where they are Services to everything in their namespaces; brokers outside the cluster are reached on their port.
   */
  readonly bootstrapServers: string;

  /**
   * Speaks TLS to the brokers.
   *
   * @default - no TLS
   */
  readonly tls?: BrokerTls;

  /**
   * Login.
   *
   * @default - none, or the certificate of `tls`
   */
  readonly login?: KafkaLogin;
}

/**
 * A cluster as the runtime reads it, and what it adds to the pod.
 *
 * @param purpose start of the names of volumes, a DNS label
 */
export function renderKafkaCluster(
  purpose: string,
  { bootstrapServers, tls, login }: KafkaClusterOptions,
): { config: KafkaClusterConfig; additions: PodAdditions } {
  const encryption = tls && renderBrokerTls(purpose, tls);
  const sasl = login && renderKafkaLogin(purpose, login);
  const parts = [encryption, sasl].filter((part) => part !== undefined);
  return {
    config: { bootstrapServers, tls: encryption?.config, sasl: sasl?.config },
    additions: mergeAdditions([
      ...parts.map(({ additions }) => additions),
      { egress: brokerDestinations(bootstrapServers, BROKERS) },
    ]),
  };
}

/** Checks how a cluster is reached. */
export function checkKafkaCluster(prop: string, { bootstrapServers, tls, login }: KafkaClusterOptions): Violation[] {
  return [
    ...checkBrokers(`${prop}.bootstrapServers`, bootstrapServers, BROKERS, tls !== undefined),
    ...(tls === undefined ? [] : checkBrokerTls(prop, tls)),
    ...(login === undefined ? [] : checkKafkaLogin(prop, login)),
  ];
}

/** Whether two connections have the same login and the same TLS. */
export function isSameLogin(one: KafkaClusterOptions, other: KafkaClusterOptions): boolean {
  return loginText(one) === loginText(other);
}

function loginText({ tls, login }: KafkaClusterOptions): string {
  return JSON.stringify([
    tls && tlsFiles(tls),
    login && [login._mechanism, login._username, login._password.secret.name, login._password.key],
  ]);
}

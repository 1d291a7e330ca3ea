import type { NatsServerConfig } from '../../contract';
import { checkSecret, checkSecretValue, mountSecret, RULES, type Violation, violation } from '../../kubernetes';
import { mergeAdditions, type PodAdditions } from '../../online';
import { type AddressForm, addressesOf, brokerDestinations, checkBrokers } from '../broker-address';
import { checkBrokerTls, renderBrokerTls } from '../broker-tls';
import type { NatsServerOptions } from './nats-options';

const SERVERS: AddressForm = { schemes: ['nats://', 'tls://'], example: 'nats://nats.streams:4222', port: 4222 };

/**
 * A server as the runtime reads it, and what it adds to the pod.
 *
 * @param purpose start of the names of volumes, a DNS label
 */
export function renderNatsServer(
  purpose: string,
  { servers, tls, credentials, login }: NatsServerOptions,
): { config: NatsServerConfig; additions: PodAdditions } {
  const encryption = tls && renderBrokerTls(purpose, tls);
  const file = credentials && mountSecret(`${purpose}-credentials`, credentials.secret, [credentials.key]);
  const secret = login && mountSecret(`${purpose}-login`, login);
  const mounted = [file, secret].filter((each) => each !== undefined);
  return {
    config: {
      servers,
      credentialsPath: file && credentials && `${file.directory}/${credentials.key}`,
      loginPath: secret?.directory,
      tls: encryption?.config,
    },
    additions: mergeAdditions([
      ...(encryption === undefined ? [] : [encryption.additions]),
      {
        volumes: mounted.map(({ volume }) => volume),
        mounts: mounted.map(({ mount }) => mount),
        egress: brokerDestinations(servers, SERVERS),
      },
    ]),
  };
}

/** Checks how a server is reached. */
export function checkNatsServer(prop: string, options: NatsServerOptions): Violation[] {
  const { servers, tls, credentials, login } = options;
  const encrypted = tls !== undefined || addressesOf(servers).every((address) => address.startsWith('tls://'));
  return [
    ...checkBrokers(`${prop}.servers`, servers, SERVERS, encrypted),
    ...(tls === undefined ? [] : checkBrokerTls(prop, tls)),
    ...(credentials === undefined ? [] : checkSecretValue(`${prop}.credentials`, credentials)),
    ...(login === undefined ? [] : checkSecret(`${prop}.login`, login)),
    ...(credentials === undefined || login === undefined
      ? []
      : [violation(RULES.brokerLogin, `${prop} has credentials and login.`, 'Write one of them.')]),
  ];
}

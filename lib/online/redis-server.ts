import type { SecretValue } from 'cdk8s-plus-28';
import type { RedisTableConfig } from '../contract';
import {
  checkMountedFile,
  checkSecretValue,
  type Destination,
  destinationOf,
  HOST_AND_PORT,
  isLinkLocal,
  isPrivate,
  type MountedFile,
  mountFile,
  mountSecret,
  quote,
  RULES,
  type Violation,
  violation,
} from '../kubernetes';
import type { PodAdditions } from './pod-additions';

const MAX_DATABASE = 65_535;

/** TLS to a feature store. */
export interface FeatureStoreTls {
  /**
   * Certificates of the authorities to trust, in PEM.
   *
   * @default - those that the image trusts
   */
  readonly ca?: MountedFile;

  /**
   * Name that the certificate must have.
   *
   * @default - the host of the address
   */
  readonly serverName?: string;
}

/** How a server that speaks the protocol of Redis is reached. */
export interface RedisServerOptions {
  /** Address `host:port`, for example `redis.ml-serving:6379`. The network policy lets the pods connect to it. */
  readonly address: string;

  /**
   * Number of the database.
   *
   * @default 0
   */
  readonly database?: number;

  /**
   * User of the store's access control. Needs a password.
   *
   * @default - the store's default user
   */
  readonly username?: string;

  /**
   * Password, as a key of a Secret. It is read again with every new connection.
   *
   * @default - none
   */
  readonly password?: SecretValue;

  /**
   * Speaks TLS to the store.
   *
   * @default - no TLS
   */
  readonly tls?: FeatureStoreTls;
}

/** A server as the runtime reads it. */
export type RedisServerConfig = Omit<RedisTableConfig, 'table'>;

/**
 * A server as the runtime reads it, and what it adds to the pod.
 *
 * @param purpose start of the names of volumes, a DNS label
 */
export function renderRedisServer(
  purpose: string,
  options: RedisServerOptions,
): { config: RedisServerConfig; additions: PodAdditions } {
  const { password, tls } = options;
  const secret = password && mountSecret(`${purpose}-password`, password.secret, [password.key]);
  const ca = tls?.ca && mountFile(`${purpose}-ca`, tls.ca);
  const mounted = [secret, ca].filter((each) => each !== undefined);
  return {
    config: {
      address: options.address,
      database: options.database,
      username: options.username,
      passwordPath: secret && password && `${secret.directory}/${password.key}`,
      tls: tls && { caPath: ca?.path, serverName: tls.serverName },
    },
    additions: {
      volumes: mounted.map(({ volume }) => volume),
      mounts: mounted.map(({ mount }) => mount),
      egress: [redisServer(options)],
    },
  };
}

/**
 * Checks how a server is reached.
 *
 * @param prop where it is declared, for the message
 */
export function checkRedisServer(prop: string, options: RedisServerOptions): Violation[] {
  return [...checkAddress(prop, options), ...checkLogin(prop, options)];
}

function checkAddress(prop: string, options: RedisServerOptions): Violation[] {
  const { address, tls } = options;
  const [, , port] = HOST_AND_PORT.exec(address) ?? [];
  const server = redisServer(options);
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535 || isLinkLocal(server)) {
    return [
      violation(
        RULES.featureStoreAddress,
        `${prop}.address is ${quote(address.replace(/^.*@/, '…@'))}.`,
        "Write host and port, as in 'redis.ml-serving:6379'; user, password and TLS have props of their own.",
      ),
    ];
  }
  return tls !== undefined || isPrivate(server)
    ? []
    : [
        violation(
          RULES.featureStoreTls,
          `${prop}.address is ${quote(address)}, outside the cluster, and tls is not set.`,
          'Write tls: {}, or tls: { ca: MountedFile.fromConfigMap(…) } for an authority of your own.',
        ),
      ];
}

function checkLogin(prop: string, { username, password, database, tls }: RedisServerOptions): Violation[] {
  const found: string[] = [];
  if (username !== undefined && (username === '' || password === undefined)) {
    found.push(`${prop}.username is ${quote(username)}, and there is ${password === undefined ? 'no' : 'a'} password.`);
  }
  if (database !== undefined && !(Number.isInteger(database) && database >= 0 && database <= MAX_DATABASE)) {
    found.push(`${prop}.database is ${quote(database)}.`);
  }
  if (tls?.serverName === '') {
    found.push(`${prop}.tls.serverName is empty.`);
  }
  return [
    ...found.map((what) =>
      violation(RULES.featureStoreLogin, what, 'Leave it out for the default, or write both user and password.'),
    ),
    ...(password === undefined ? [] : checkSecretValue(`${prop}.password`, password)),
    ...(tls?.ca === undefined ? [] : checkMountedFile(`${prop}.tls.ca`, tls.ca)),
  ];
}

/** The server as network policies know it; any server outside the cluster when the address is none. */
function redisServer({ address }: RedisServerOptions): Destination {
  const url = `redis://${address.toLowerCase()}`;
  return URL.canParse(url) ? destinationOf(new URL(url)) : { kind: 'external', port: 6379 };
}

import type { Duration } from 'cdk8s';
import type { SecretValue } from 'cdk8s-plus-28';
import type { MountedFile } from '../../kubernetes';

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

/** Options of {@link FeatureLookup.redis}. */
export interface RedisLookupOptions {
  /** Address `host:port`, for example `redis.ml-serving:6379`. The network policy lets the pods connect to it. */
  readonly address: string;

  /**
   * Name under which requests send the key of the entity, one text a row: `card_id`. It stands in a request like an input
   * of the model, in place of the features.
   */
  readonly entity: string;

  /** Features to look up: fields of the entity's hash, each the name of the input that it fills, unless `inputs` says another. */
  readonly features: string[];

  /**
   * Value of a feature that the store lacks, or that it cannot be asked for in time.
   *
   * @default - none: such a request is answered with 503, or by the fallback
   */
  readonly defaults?: { [feature: string]: number | string | boolean };

  /**
   * Input of the model that a feature fills, by feature.
   *
   * @default - the input of the feature's own name
   */
  readonly inputs?: { [feature: string]: string };

  /**
   * Column of its input that a feature fills, counted from 0, by feature: for inputs that take a row of values. Requests
   * then send the other columns alone, in order.
   *
   * @default - the feature is the whole input
   */
  readonly columns?: { [feature: string]: number };

  /**
   * Key of the entity's hash in the store, with `{entity}` in place of what the request sends.
   *
   * @default - the name of the entity, a colon and what the request sends: `card_id:{entity}`
   */
  readonly key?: string;

  /**
   * Longest time that a request waits for the store; then defaults are used.
   *
   * @default - a quarter of the latency budget, at most 50 milliseconds
   */
  readonly timeout?: Duration;

  /**
   * Values that are older count as missing. Needs `timestampField`.
   *
   * @default - values of any age are used
   */
  readonly maxAge?: Duration;

  /**
   * Field of the hash with the time of its last change, in seconds since 1970.
   *
   * @default - the age is not known
   */
  readonly timestampField?: string;

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

import type { Duration } from 'cdk8s';
import type { RedisServerOptions } from '../redis-server';

/** Options of {@link FeatureLookup.redis}. */
export interface RedisLookupOptions extends RedisServerOptions {
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
}

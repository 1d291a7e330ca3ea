/** Where the values of some inputs of a model are looked up. */
export interface FeatureLookupConfig {
  /** Kind of store; always `redis`: one hash an entity, one field a feature. */
  readonly type: string;

  /** `host:port`. */
  readonly address: string;

  /** Number of the database. Absent = 0. */
  readonly database?: number;

  /** User of the store's access control. Absent = its default user. */
  readonly username?: string;

  /** File with the password, read again when a connection is made. Absent = none. */
  readonly passwordPath?: string;

  /** TLS to the store. Absent = plain TCP. */
  readonly tls?: FeatureStoreTlsConfig;

  /** Name of the request's input that holds the keys of the entities, one string a row. */
  readonly entity: string;

  /** Key of the hash, with `{entity}` in place of the entity's key, for example `card:{entity}`. */
  readonly key: string;

  /** Features to look up: at least one. */
  readonly features: FeatureConfig[];

  /** Longest time that a request waits for the store, in milliseconds; then defaults are used. */
  readonly timeoutMillis: number;

  /** Field of the hash with the time of its last change, in seconds since 1970. Absent = age is not checked. */
  readonly timestampField?: string;

  /** Values that are older count as missing, in milliseconds. Needs `timestampField`. */
  readonly maxAgeMillis?: number;
}

/** TLS to a feature store. */
export interface FeatureStoreTlsConfig {
  /** File with the certificates of the authorities to trust, in PEM. Absent = those of the image. */
  readonly caPath?: string;

  /** Name that the certificate must have. Absent = the host of the address. */
  readonly serverName?: string;
}

/** One feature. */
export interface FeatureConfig {
  /** Field of the hash. */
  readonly name: string;

  /** Input of the model that takes the value. */
  readonly input: string;

  /**
   * Column of the input that takes the value, where the input has several, counted from 0; the request then brings the
   * other columns alone, in order.
   *
   * Absent = the input is this feature alone.
   */
  readonly column?: number;

  /** Value when the store has none, or cannot be asked. Absent = such a request is answered with 503 or by the fallback. */
  readonly defaultValue?: number | string | boolean;
}

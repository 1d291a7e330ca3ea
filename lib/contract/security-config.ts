/** Who may send requests. A request needs to meet one of the ways that are configured. */
export interface AuthenticationConfig {
  /** Keys in the header `x-api-key`, or as `Authorization: Bearer`. */
  readonly apiKeys?: ApiKeysConfig;

  /** Signed tokens in the header `Authorization: Bearer`. */
  readonly jwt?: JwtConfig;
}

/** API keys, of which only hashes are kept. */
export interface ApiKeysConfig {
  /**
   * Directory of a mounted Secret: one file a client, named as the client, with the SHA-256 of its key as 64 hexadecimal
   * digits, one key a line. Changes count without a restart.
   */
  readonly path: string;
}

/** JSON Web Tokens (RFC 7519). */
export interface JwtConfig {
  /** Required value of the claim `iss`. */
  readonly issuer: string;

  /** Required value of the claim `aud`. */
  readonly audience: string;

  /** Signature algorithms that are accepted, for example `RS256`; asymmetric ones alone. */
  readonly algorithms: string[];

  /** Address of the keys (JWKS). One of `jwksUri` and `jwksPath`. */
  readonly jwksUri?: string;

  /** File with the keys (JWKS). Changes count without a restart. */
  readonly jwksPath?: string;
}

/** TLS of the serving ports. Changes of the files count without a restart. */
export interface TlsConfig {
  /** File with the certificate and its chain, in PEM. */
  readonly certificatePath: string;

  /** File with the private key, in PEM. */
  readonly keyPath: string;

  /** File with the authorities of client certificates, in PEM: clients must have one. Absent = clients need none. */
  readonly clientCaPath?: string;
}

/** Answers to browsers on other sites (CORS). */
export interface CorsConfig {
  /** Origins that may read answers, for example `https://app.example.com`; `*` = any. */
  readonly origins: string[];
}

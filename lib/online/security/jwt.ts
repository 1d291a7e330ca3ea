import type { JwtConfig } from '../../contract';
import {
  checkMountedFile,
  checkWebAddress,
  type MountedFile,
  mountFile,
  quote,
  RULES,
  type Violation,
  violation,
  webServer,
} from '../../kubernetes';
import type { PodAdditions } from '../pod-additions';

/**
 * Algorithms that sign tokens (RFC 7518, RFC 8037). All have a public key: a secret that is shared with the predictor would
 * let it sign tokens itself.
 */
export enum JwtAlgorithm {
  /** RSA with PKCS #1 v1.5 and SHA-256, the most common one. */
  RS256 = 'RS256',
  /** RSA with PKCS #1 v1.5 and SHA-384. */
  RS384 = 'RS384',
  /** RSA with PKCS #1 v1.5 and SHA-512. */
  RS512 = 'RS512',
  /** RSA-PSS with SHA-256. */
  PS256 = 'PS256',
  /** RSA-PSS with SHA-384. */
  PS384 = 'PS384',
  /** RSA-PSS with SHA-512. */
  PS512 = 'PS512',
  /** ECDSA on P-256 with SHA-256. */
  ES256 = 'ES256',
  /** ECDSA on P-384 with SHA-384. */
  ES384 = 'ES384',
  /** ECDSA on P-521 with SHA-512. */
  ES512 = 'ES512',
  /** Ed25519. */
  EDDSA = 'EdDSA',
}

/** Where the public keys of tokens come from: a JSON Web Key Set (RFC 7517). */
export class JwtKeys {
  /**
   * An address of the issuer, read again when a token names an unknown key. The network policy lets the pods connect to it.
   *
   * @param address `https://`, or `http://` inside the cluster
   */
  public static url(address: string): JwtKeys {
    return new JwtKeys(address);
  }

  /**
   * A file, read again when it changes.
   *
   * @param file key of a Secret or a ConfigMap
   */
  public static file(file: MountedFile): JwtKeys {
    return new JwtKeys(undefined, file);
  }

  /** @internal */
  public readonly _url: string | undefined;

  /** @internal */
  public readonly _file: MountedFile | undefined;

  private constructor(url: string | undefined, file?: MountedFile) {
    this._url = url;
    this._file = file;
  }
}

/** Options of {@link Authentication.jwt}. */
export interface JwtOptions {
  /** Required value of the claim `iss`. */
  readonly issuer: string;

  /** Required value of the claim `aud`. */
  readonly audience: string;

  /** Public keys that verify signatures. */
  readonly keys: JwtKeys;

  /**
   * Algorithms that are accepted.
   *
   * @default - RS256 and ES256
   */
  readonly algorithms?: JwtAlgorithm[];
}

/** Tokens as the runtime reads them, and what they add to the pod. */
export function renderJwt(options: JwtOptions): { config: JwtConfig; additions: PodAdditions } {
  const { issuer, audience, keys, algorithms = [JwtAlgorithm.RS256, JwtAlgorithm.ES256] } = options;
  const file = keys._file && mountFile('jwks', keys._file);
  return {
    config: { issuer, audience, algorithms, jwksUri: keys._url, jwksPath: file?.path },
    additions: {
      volumes: file === undefined ? [] : [file.volume],
      mounts: file === undefined ? [] : [file.mount],
      egress: keys._url === undefined ? [] : [webServer(keys._url)],
    },
  };
}

/** Checks tokens as they are declared. */
export function checkJwt({ issuer, audience, keys, algorithms }: JwtOptions): Violation[] {
  const problems = [
    ...(issuer === '' || audience === ''
      ? [`The issuer of tokens is ${quote(issuer)}, and the audience ${quote(audience)}.`]
      : []),
    ...(algorithms?.length === 0 ? ['The algorithms of tokens are an empty list.'] : []),
  ];
  return [
    ...problems.map((what) =>
      violation(
        RULES.tokenClaims,
        what,
        "Write for example { issuer: 'https://login.example.com', audience: 'fraud-detector' }, and leave algorithms out.",
      ),
    ),
    ...(keys._url === undefined
      ? []
      : checkWebAddress(
          RULES.tokenKeys,
          'The address of JwtKeys.url',
          keys._url,
          'https://login.example.com/.well-known/jwks.json',
        )),
    ...(keys._file === undefined ? [] : checkMountedFile('JwtKeys.file', keys._file)),
  ];
}

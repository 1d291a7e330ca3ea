import { hash } from 'node:crypto';
import { errors, type JWTPayload, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { JwtConfig } from '../contract';
import { errorMessage, type Logger } from '../telemetry';
import { openJwksFile } from './jwks-file';
import { openRemoteJwks, type RemoteKeysLimits } from './jwks-remote';
import type { TokenKeys } from './token-keys';
import type { Verdict } from './verdict';

/** Longest token that is looked at. */
const MAX_TOKEN_LENGTH = 8192;

/** Clocks of the issuer and of this machine may differ so much, in seconds. */
const CLOCK_TOLERANCE = 5;

/** Tokens that are remembered as accepted. */
const MAX_ACCEPTED = 4096;

/** Tokens that are verified at a time: each takes the time of a processor. */
const MAX_VERIFYING = 256;

/** Keys that are tried for a token that names none. */
const MAX_CANDIDATES = 8;

const MAX_NAME = 128;

const INVALID = { refusal: 'invalid', reason: 'The token is not valid.' } as const;
const EXPIRED = { refusal: 'expired', reason: 'The token has expired; get a new one.' } as const;
const OVERLOADED = { refusal: 'overloaded', reason: 'Too many tokens are being verified; try again later.' } as const;
const UNAVAILABLE = {
  refusal: 'unavailable',
  reason: 'Tokens cannot be verified at this time; try again later.',
} as const;

/** A token that was accepted, by its digest. */
interface Accepted {
  readonly verdict: Verdict;

  /** Clock of `Date.now()`. */
  readonly expiresAt: number;
}

/** Options of {@link Tokens.open} that differ in tests. */
export interface TokensOptions {
  readonly filesPollMillis: number;

  /** @default REMOTE_KEYS_LIMITS */
  readonly remoteKeys?: RemoteKeysLimits;
}

/** Verifies JSON Web Tokens: signature, algorithm, issuer, audience and times. Remembers what was accepted. */
export class Tokens {
  private readonly accepted = new LRUCache<string, Accepted>({ max: MAX_ACCEPTED });
  private readonly verifying = new Map<string, Promise<Verdict>>();
  private readonly options: JWTVerifyOptions;

  /** Counts changes of the keys: what was verified with former ones is not remembered. */
  private generation = 0;

  /**
   * Gets the keys. Those of an address are awaited by the first token, not here.
   *
   * @throws ConfigurationError when the file of the keys cannot be used
   */
  static async open(config: JwtConfig, logger: Logger, options: TokensOptions): Promise<Tokens> {
    const { jwksPath, jwksUri } = config;
    const keys =
      jwksPath === undefined
        ? openRemoteJwks(jwksUri ?? '', logger, options.remoteKeys)
        : await openJwksFile(jwksPath, logger, options.filesPollMillis);
    return new Tokens(config, keys, logger);
  }

  constructor(
    { algorithms, audience, issuer }: JwtConfig,
    private readonly keys: TokenKeys,
    private readonly logger: Logger,
  ) {
    this.options = { algorithms, audience, issuer, clockTolerance: CLOCK_TOLERANCE, requiredClaims: ['exp'] };
    keys.onChange(() => {
      this.generation += 1;
      this.accepted.clear();
    });
  }

  /** What is known of a token that was accepted before; undefined when it was not. */
  recall(token: string): Verdict | undefined {
    const known = token.length > MAX_TOKEN_LENGTH ? undefined : this.accepted.get(digestOf(token));
    return known === undefined || Date.now() < known.expiresAt ? known?.verdict : EXPIRED;
  }

  /** Verifies a token that {@link recall} does not know. */
  verify(token: string): Verdict | Promise<Verdict> {
    if (token.length > MAX_TOKEN_LENGTH) {
      return { refusal: 'invalid', reason: `The token is longer than ${MAX_TOKEN_LENGTH} characters.` };
    }
    const digest = digestOf(token);
    const running = this.verifying.get(digest);
    if (running !== undefined) {
      return running;
    }
    if (this.verifying.size >= MAX_VERIFYING) {
      return OVERLOADED;
    }
    const started = this.verifyNow(token, digest).finally(() => this.verifying.delete(digest));
    this.verifying.set(digest, started);
    return started;
  }

  close(): void {
    this.keys.close();
  }

  private async verifyNow(token: string, digest: string): Promise<Verdict> {
    const { generation } = this;
    try {
      const { payload } = await this.verifySignature(token);
      const verdict: Verdict = { client: { name: nameOf(payload) }, by: 'jwt' };
      if (generation === this.generation && payload.exp !== undefined) {
        this.accepted.set(digest, { verdict, expiresAt: (payload.exp + CLOCK_TOLERANCE) * 1000 });
      }
      return verdict;
    } catch (error) {
      return this.refusalOf(error);
    }
  }

  private async verifySignature(token: string): Promise<JWTVerifyResult> {
    try {
      return await jwtVerify(token, this.keys.find, this.options);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) {
        throw error;
      }
      return this.tryEach(token, error);
    }
  }

  /** The token names no key, and several fit. */
  private async tryEach(token: string, candidates: errors.JWKSMultipleMatchingKeys): Promise<JWTVerifyResult> {
    let tried = 0;
    for await (const key of candidates) {
      try {
        return await jwtVerify(token, key, this.options);
      } catch (error) {
        tried += 1;
        if (!(error instanceof errors.JWSSignatureVerificationFailed) || tried === MAX_CANDIDATES) {
          throw error;
        }
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }

  private refusalOf(error: unknown): Verdict {
    if (error instanceof errors.JWTExpired) {
      return EXPIRED;
    }
    if (error instanceof errors.JWTClaimValidationFailed) {
      return {
        refusal: 'invalid',
        reason: `The claim ${CLAIMS.get(error.claim) ?? ''} of the token is missing, or not as required.`,
      };
    }
    if (FAULTS_OF_TOKENS.some((fault) => error instanceof fault)) {
      return INVALID;
    }
    this.logger.warn({ reason: errorMessage(error) }, 'a token could not be verified');
    return UNAVAILABLE;
  }
}

/** Claims that are checked, as they are named in messages. */
const CLAIMS = new Map(['iss', 'aud', 'exp', 'nbf', 'iat'].map((claim) => [claim, `'${claim}'`]));

const FAULTS_OF_TOKENS = [
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JWKSNoMatchingKey,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
];

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}

function nameOf({ sub }: JWTPayload): string {
  return typeof sub === 'string' && sub !== '' ? sub.slice(0, MAX_NAME) : 'unnamed';
}

import type { JWTVerifyGetKey } from 'jose';

/** The public keys that tokens are verified with. */
export interface TokenKeys {
  /**
   * Finds the key of a token.
   *
   * @throws KeysUnavailableError when the keys cannot be had at this time; an error of `jose` when no key fits
   */
  readonly find: JWTVerifyGetKey;

  /** Tells when the keys are others than before. */
  onChange(listener: () => void): void;

  /** Gets no more keys. */
  close(): void;
}

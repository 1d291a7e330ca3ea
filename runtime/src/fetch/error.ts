import { EXIT_CODES } from '../contract';

/** A download that did not work, with what it means for a retry. */
export class FetchError extends Error {
  override readonly name: string = 'FetchError';

  /** 1 = worth another try later; 43 = what is declared is wrong, and stays wrong. */
  readonly exitCode: number;

  /** Whether another attempt may go better. */
  readonly retryable: boolean;

  /** How long the server asks to wait before the next attempt, in milliseconds. */
  readonly retryAfterMillis?: number;

  private constructor(
    message: string,
    options: { retryable: boolean; exitCode: number; cause?: unknown; retryAfterMillis?: number },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryable = options.retryable;
    this.exitCode = options.exitCode;
    this.retryAfterMillis = options.retryAfterMillis;
  }

  /** A fault that may pass: the network, an overloaded server. */
  static transient(message: string, cause?: unknown, retryAfterMillis?: number): FetchError {
    return new FetchError(message, { retryable: true, exitCode: EXIT_CODES.failure, cause, retryAfterMillis });
  }

  /** A fault of this machine that no further attempt of this process changes, such as a full disk. */
  static failure(message: string, cause?: unknown): FetchError {
    return new FetchError(message, { retryable: false, exitCode: EXIT_CODES.failure, cause });
  }

  /** A fault of the declaration or of the artifact: address, credentials, digest, size. */
  static declaration(message: string, cause?: unknown): FetchError {
    return new FetchError(message, { retryable: false, exitCode: EXIT_CODES.badConfiguration, cause });
  }
}

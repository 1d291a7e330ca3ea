import { EXIT_CODES } from '../../contract';

/** What ends a streaming consumer: trying again gives the same result. Nothing of what it concerns is acknowledged. */
export class StreamError extends Error {
  override readonly name = 'StreamError';

  private constructor(
    message: string,
    /** 42 = the events are bad; 43 = the declaration is. */
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The events cannot be scored. */
  static input(message: string, options?: ErrorOptions): StreamError {
    return new StreamError(message, EXIT_CODES.badInput, options);
  }

  /** The declaration cannot be followed: a topic that is absent, a login that is refused. */
  static declaration(message: string, options?: ErrorOptions): StreamError {
    return new StreamError(message, EXIT_CODES.badConfiguration, options);
  }
}

import { EXIT_CODES } from '../contract';

/** A model cannot be served. Loading the same file again gives the same result, so the process ends with code 43. */
export class ModelError extends Error {
  readonly exitCode = EXIT_CODES.badConfiguration;

  /**
   * @param reason what is wrong and what to do; names no file, so that it may be shown to clients
   * @param file the file, for the log
   */
  constructor(
    readonly reason: string,
    readonly file: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${reason}`, options);
    this.name = 'ModelError';
  }
}

/** The file is not the one that the configuration promises. */
export class ModelIntegrityError extends ModelError {
  constructor(reason: string, file: string, options?: ErrorOptions) {
    super(reason, file, options);
    this.name = 'ModelIntegrityError';
  }
}

import { EXIT_CODES } from '../../contract';

/** A file is not the table that it should be: reading it again gives the same result. */
export class TableError extends Error {
  override readonly name = 'TableError';
  readonly exitCode = EXIT_CODES.badInput;
}

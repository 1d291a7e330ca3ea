import { EXIT_CODES } from '../../contract';

/** An object is not the one any more that the plan has seen: going on would mix rows of two versions of it. */
export class ObjectChangedError extends Error {
  override readonly name = 'ObjectChangedError';
  readonly exitCode = EXIT_CODES.badInput;

  constructor(uri: string) {
    super(
      `${uri} was changed or removed after the run was planned. Write new files under new names, and start another run for changed ones.`,
    );
  }
}

/** A store that keeps no promise which the output protocol needs, or cannot be written at all. */
export class UnfitStoreError extends Error {
  override readonly name = 'UnfitStoreError';
  readonly exitCode = EXIT_CODES.badConfiguration;
}

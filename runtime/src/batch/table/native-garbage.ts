import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Chunks of rows whose memory may wait until it is freed: about 3 MB for twenty columns. */
const CHUNKS = 8;

let collector: ((options: { type: 'minor' }) => void) | undefined;

/**
 * Frees the memory of chunks that are not used any more.
 *
 * It belongs to objects of a few bytes, so to V8 there seems to be no garbage, and hundreds of megabytes of it pile up. A
 * collection of young objects takes a fraction of a millisecond, less than the memory that is used again saves.
 */
export class NativeGarbage {
  private chunks = 0;

  /** Notes that a chunk is read; none of those before the last batch is in use. */
  note(): void {
    this.chunks += 1;
    if (this.chunks >= CHUNKS) {
      this.chunks = 0;
      collector ??= exposed();
      collector?.({ type: 'minor' });
    }
  }
}

function exposed(): typeof collector {
  setFlagsFromString('--expose-gc');
  return runInNewContext('globalThis.gc');
}

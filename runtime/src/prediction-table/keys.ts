import { crc32 } from 'node:zlib';

/**
 * Names of the keys of a table in Redis.
 *
 * A run is kept apart from others by its keys, so that it is written beside the one that is current, and goes by itself. Its
 * rows are fields of hashes, {@link ROWS_A_BUCKET} or so in each: Redis keeps small hashes in a packed form, which takes a
 * fifth of the memory of one key a row, and is written three times as fast.
 */
export class TableKeys {
  constructor(private readonly table: string) {}

  /** Hash with the records of the current run and the one before: see `RunPointer`. */
  get pointer(): string {
    return `${this.table}:current`;
  }

  /** Hash with what the shards of a run agree on, and the number of its rows. */
  run(run: string): string {
    return `${this.table}:run:${run}`;
  }

  /** Hash from unit to what was written of it. */
  units(run: string): string {
    return `${this.table}:run:${run}:units`;
  }

  /** Hash from key to row, of the keys that {@link bucketOf} puts there. */
  bucket(run: string, bucket: number): string {
    return `${this.table}:run:${run}:${bucket}`;
  }
}

/**
 * Rows of one hash on average. Half of what Redis keeps in packed form by default (`hash-max-listpack-entries` 128): keys
 * spread by chance, and none gets near to that.
 */
const ROWS_A_BUCKET = 64;

/** Number of the hashes of a run of so many rows; a wrong number costs memory, and nothing else. */
export function bucketsFor(rows: number): number {
  return Math.max(1, Math.ceil(rows / ROWS_A_BUCKET));
}

/** The hash that a key is in, from 0: the CRC-32 of its UTF-8, modulo the number of hashes. */
export function bucketOf(key: string, buckets: number): number {
  return crc32(key) % buckets;
}

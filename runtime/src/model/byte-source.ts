import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes at positions, read when they are needed. */
export interface ByteSource {
  readonly length: number;

  /** The bytes `[start, end)`; fewer when the source ends before. */
  read(start: number, end: number): Uint8Array;
}

/** A source over bytes in memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return { length: bytes.length, read: (start, end) => bytes.subarray(start, end) };
}

/** Runs `use` with a source over a file, then closes the file. The file is never in memory as a whole. */
export function withFileSource<T>(path: string, use: (source: ByteSource) => T): T {
  const descriptor = openSync(path, 'r');
  try {
    return use({
      length: fstatSync(descriptor).size,
      read: (start, end) => {
        const buffer = Buffer.allocUnsafe(end - start);
        return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, start));
      },
    });
  } finally {
    closeSync(descriptor);
  }
}

import { closeSync, openSync, writeSync } from 'node:fs';
import { type ByteSource, withFileSource } from './byte-source';
import { delimitedHeader, type Span } from './wire';

const CHUNK_BYTES = 1024 * 1024;

/** A piece of a file, and what stands in its place. An empty piece is where something is inserted. */
export interface Edit extends Span {
  readonly replacement: Uint8Array;
}

/** A message inside of another one: its field, and where its tag and its first field start. */
interface MessageSpan extends Span {
  readonly field: number;
  readonly contents: number;
}

/** Edits inside of a message, with its new length. */
export function editsWithin({ field, start, contents, end }: MessageSpan, edits: readonly Edit[]): Edit[] {
  if (edits.length === 0) {
    return [];
  }
  const growth = edits.reduce((sum, edit) => sum + edit.replacement.length - (edit.end - edit.start), 0);
  return [{ start, end: contents, replacement: delimitedHeader(field, end - contents + growth) }, ...edits];
}

/**
 * Writes a copy of a file. The file is never in memory as a whole.
 *
 * @param edits in any order; no two of them overlap, and those at one place keep their order
 * @param target file to write, must not exist
 */
export function writeEdited(path: string, edits: readonly Edit[], target: string): void {
  const sorted = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  const descriptor = openSync(target, 'wx', 0o600);
  try {
    withFileSource(path, (source) => {
      const write = (bytes: Uint8Array) => writeAll(descriptor, bytes);
      let position = 0;
      for (const { start, end, replacement } of sorted) {
        copy(source, position, start, write);
        write(replacement);
        position = end;
      }
      copy(source, position, source.length, write);
    });
  } finally {
    closeSync(descriptor);
  }
}

function copy(source: ByteSource, from: number, to: number, write: (bytes: Uint8Array) => void): void {
  for (let position = from; position < to; position += CHUNK_BYTES) {
    write(source.read(position, Math.min(to, position + CHUNK_BYTES)));
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written);
  }
}

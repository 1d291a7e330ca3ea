import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { guarded } from '../../fetch';
import type { ObjectStore } from '../store';

const NEWLINE = 0x0a;
const LOOKAHEAD_BYTES = 1024 * 1024;

/** What is read of the start of a text to know its lines. */
const SAMPLE_BYTES = 256 * 1024;

/** The start of a text. */
export interface TextSample {
  readonly bytes: Buffer;

  /** Whether it is the whole text. */
  readonly whole: boolean;

  /** Length of the first line, its line break included. */
  readonly firstLineBytes: number;

  /** Bytes of a line, on average; the first line not counted. */
  readonly lineBytes: number;
}

/** Lines of an object that start in `[from, to)`. */
export interface LineRange {
  readonly key: string;
  readonly etag: string;

  /** Size of the object. */
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Reads whole lines from the start of a text, at least two where there are so many. */
export async function sampleText(
  store: ObjectStore,
  { key, etag, bytes: size }: { readonly key: string; readonly etag: string; readonly bytes: number },
  signal?: AbortSignal,
): Promise<TextSample> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of store.read(key, { from: 0, to: size, etag, signal })) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= SAMPLE_BYTES && linesIn(chunks) >= 2) {
      break;
    }
  }
  const all = Buffer.concat(chunks);
  const whole = length >= size;
  const bytes = whole ? all : all.subarray(0, all.lastIndexOf(NEWLINE) + 1);
  const firstLineBytes = bytes.indexOf(NEWLINE) + 1 || bytes.length;
  const lines = Math.max(1, linesIn([bytes.subarray(firstLineBytes)]));
  return { bytes, whole, firstLineBytes, lineBytes: Math.max(1, (bytes.length - firstLineBytes) / lines) };
}

/** Writes lines to a new file. @throws FetchError, ObjectChangedError */
export async function cutLines(
  store: ObjectStore,
  range: LineRange,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  await guarded(path, async () => {
    const file = createWriteStream(path, { flags: 'wx' });
    const done = finished(file);
    // A rejection that comes while a chunk is awaited is seen at the end.
    done.catch(() => undefined);
    try {
      for await (const chunk of linesOf(store, range, signal)) {
        if (!file.write(chunk)) {
          await new Promise<void>((resolve) => {
            file.once('drain', resolve);
            file.once('close', resolve);
          });
        }
        if (file.errored) {
          break;
        }
      }
      file.end();
    } catch (error) {
      file.destroy();
      throw error;
    }
    await done;
  });
}

async function* linesOf(
  store: ObjectStore,
  { key, etag, size, from, to }: LineRange,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  // A line starts at `from` when the byte before it ends one: that byte is read, too.
  let position = Math.max(0, from - 1);
  let started = from === 0;
  // Most last lines end soon after the range; few bytes are read for nothing.
  for (let end = Math.min(size, to + LOOKAHEAD_BYTES); position < size; end = Math.min(size, end + LOOKAHEAD_BYTES)) {
    for await (const chunk of store.read(key, { from: position, to: end, etag, signal })) {
      const at = position;
      position += chunk.length;
      let begin = 0;
      if (!started) {
        const newline = chunk.indexOf(NEWLINE);
        if (newline < 0) {
          if (position >= to) {
            return;
          }
          continue;
        }
        begin = newline + 1;
        started = true;
        if (at + begin >= to) {
          return;
        }
      }
      // The last line is the one that holds the byte before `to`.
      const last = position >= to ? chunk.indexOf(NEWLINE, Math.max(begin, to - 1 - at)) : -1;
      yield chunk.subarray(begin, last < 0 ? chunk.length : last + 1);
      if (last >= 0) {
        return;
      }
    }
  }
}

function linesIn(chunks: readonly Buffer[]): number {
  let lines = 0;
  for (const chunk of chunks) {
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) {
      lines += 1;
    }
  }
  return lines;
}

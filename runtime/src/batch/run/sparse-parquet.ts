import { type FileHandle, open } from 'node:fs/promises';
import { guarded } from '../../fetch';
import type { ObjectStore } from '../store';
import type { TableSchema } from '../table';
import { BatchError } from './error';

const MAGIC = 'PAR1';

/** Length of the footer and magic bytes, at the end of a file. */
const TRAILER_BYTES = 8;

/** Read at once from the end of a file: most footers are smaller. */
const TAIL_BYTES = 128 * 1024;

/** Bytes between two wanted ranges that are read along: cheaper than another request. */
const GAP_BYTES = 256 * 1024;

const REQUEST_BYTES = 16 * 1024 * 1024;
const PARALLEL_REQUESTS = 4;

/** A Parquet object that is elsewhere. */
interface RemoteFile {
  readonly key: string;
  readonly uri: string;
  readonly bytes: number;
  readonly etag: string;
}

/** Bytes `[from, to)`. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * A local file with the size of a Parquet object that holds its footer; all else are holes, which take no room, until
 * columns are added. Source: https://parquet.apache.org/docs/file-format/
 */
export class SparseParquet {
  private constructor(
    private readonly store: ObjectStore,
    private readonly remote: RemoteFile,
    readonly path: string,
    private readonly signal?: AbortSignal,
  ) {}

  /** @throws BatchError when the object is no Parquet file */
  static async create(
    store: ObjectStore,
    remote: RemoteFile,
    path: string,
    signal?: AbortSignal,
  ): Promise<SparseParquet> {
    const file = new SparseParquet(store, remote, path, signal);
    await file.writing('wx', async (handle) => {
      await handle.truncate(remote.bytes);
      await handle.write(MAGIC, 0);
      await file.fetchFooter(handle);
    });
    return file;
  }

  /** Adds columns of row groups `[first, last)`. @returns bytes that were read */
  async fetchColumns(schema: TableSchema, [first, last]: readonly [number, number], columns: readonly string[]) {
    const wanted = new Set(columns);
    const chunks = (schema.rowGroups ?? []).slice(first, last).flatMap((group) => group.columns);
    const ranges = requestsFor(chunks.filter(({ name }) => wanted.has(name)));
    const waiting = [...ranges].reverse();
    await this.writing('r+', async (handle) => {
      const fetchNext = async () => {
        for (let range = waiting.pop(); range !== undefined; range = waiting.pop()) {
          await this.fetch(handle, range);
        }
      };
      await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, fetchNext));
    });
    return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  private async fetchFooter(handle: FileHandle): Promise<void> {
    const { bytes, uri } = this.remote;
    const tail = await this.fetch(handle, { from: Math.max(0, bytes - TAIL_BYTES), to: bytes });
    const footer = tail.length < TRAILER_BYTES + MAGIC.length ? -1 : tail.readUInt32LE(tail.length - TRAILER_BYTES);
    const from = bytes - TRAILER_BYTES - footer;
    if (tail.toString('latin1', tail.length - MAGIC.length) !== MAGIC || footer < 0 || from < MAGIC.length) {
      throw BatchError.input(`${uri} is no Parquet file: it has no footer. Name Parquet files alone in the input.`);
    }
    const missing = bytes - tail.length - from;
    if (missing > 0) {
      await this.fetch(handle, { from, to: from + missing });
    }
  }

  private async fetch(handle: FileHandle, { from, to }: Range): Promise<Buffer> {
    const { key, etag } = this.remote;
    const chunks: Buffer[] = [];
    let position = from;
    for await (const chunk of this.store.read(key, { from, to, etag, signal: this.signal })) {
      await handle.write(chunk, 0, chunk.length, position);
      position += chunk.length;
      if (to - from <= TAIL_BYTES) {
        chunks.push(chunk);
      }
    }
    return Buffer.concat(chunks);
  }

  private writing(flags: string, work: (handle: FileHandle) => Promise<void>): Promise<void> {
    return guarded(this.path, async () => {
      const handle = await open(this.path, flags);
      try {
        await work(handle);
      } finally {
        await handle.close();
      }
    });
  }
}

/** Few requests for many ranges: neighbours are joined, large ones are split. */
function requestsFor(chunks: readonly { readonly from: number; readonly bytes: number }[]): Range[] {
  const joined: { from: number; to: number }[] = [];
  for (const { from, bytes } of [...chunks].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last !== undefined && from - last.to <= GAP_BYTES) {
      last.to = Math.max(last.to, from + bytes);
    } else {
      joined.push({ from, to: from + bytes });
    }
  }
  return joined.flatMap(({ from, to }) =>
    Array.from({ length: Math.ceil((to - from) / REQUEST_BYTES) }, (_, index) => ({
      from: from + index * REQUEST_BYTES,
      to: Math.min(to, from + (index + 1) * REQUEST_BYTES),
    })),
  );
}

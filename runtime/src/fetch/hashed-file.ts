import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, errorMessage } from '../telemetry';
import { FetchError } from './error';

/** A new file that knows the SHA-256 of what was written to it. Its errors are {@link FetchError}s. */
export class HashedFile {
  private written = 0;
  private hash: Hash = createHash('sha256');

  private constructor(
    private readonly file: FileHandle,
    private readonly path: string,
  ) {}

  /** Creates the file, or empties the one that a process which was killed has left; never through a link. */
  static async create(path: string): Promise<HashedFile> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
    return new HashedFile(await guarded(path, () => open(path, flags, 0o644)), path);
  }

  /** Bytes written. */
  get bytes(): number {
    return this.written;
  }

  /** Writes at the end. */
  async append(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const rest = chunk.length - done;
      const { bytesWritten } = await guarded(this.path, () => this.file.write(chunk, done, rest, this.written + done));
      done += bytesWritten;
    }
    this.hash.update(chunk);
    this.written += chunk.length;
  }

  /** Empties the file. */
  async reset(): Promise<void> {
    await guarded(this.path, () => this.file.truncate(0));
    this.written = 0;
    this.hash = createHash('sha256');
  }

  /** Fails early when the file system has no room for so many more bytes. */
  async expect(bytes: number): Promise<void> {
    const { bavail, bsize } = await guarded(this.path, () => statfs(dirname(this.path)));
    const free = bavail * bsize;
    if (bytes > free) {
      throw noSpace(this.path, `${bytes} bytes are needed and ${free} are free`);
    }
  }

  /** SHA-256 of everything written, in lower-case hexadecimal digits. */
  digest(): string {
    return this.hash.copy().digest('hex');
  }

  /** Returns when the bytes are on disk. */
  async sync(): Promise<void> {
    await guarded(this.path, () => this.file.sync());
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

/** Runs an operation of the file system; its error is said in the words of a person who has to act. */
export async function guarded<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw storageFault(error, path);
  }
}

function storageFault(error: unknown, path: string): FetchError {
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return noSpace(path, errorMessage(error));
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return FetchError.declaration(
        `${path} cannot be written: ${errorMessage(error)}. Mount a writable volume at ${dirname(path)}.`,
        error,
      );
    default:
      return FetchError.failure(`${path} cannot be written: ${errorMessage(error)}.`, error);
  }
}

function noSpace(path: string, detail: string): FetchError {
  return FetchError.failure(
    `No space left in ${dirname(path)}: ${detail}. Raise the size limit of the volume, or the ephemeral storage of the container.`,
  );
}

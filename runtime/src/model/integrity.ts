import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { errorCode } from '../telemetry';
import { ModelIntegrityError } from './error';

const CHUNK_BYTES = 1024 * 1024;

/** A file that holds what its digest promises. */
export interface VerifiedFile {
  /** Real path, without symbolic links. */
  readonly path: string;

  /** Size in bytes. */
  readonly bytes: number;
}

/**
 * Checks that a file is a regular, not empty file with one name and the given content. The file is read once, in pieces.
 *
 * A symbolic link is followed (a ConfigMap volume is made of them); a hard link is refused, because whoever holds the
 * other name can change the content after the check.
 *
 * @param path file to check
 * @param sha256 expected digest, 64 lower-case hexadecimal digits
 * @throws ModelIntegrityError when any of this does not hold
 */
export async function verifyFile(path: string, sha256: string): Promise<VerifiedFile> {
  const real = await resolve(path);
  // Not blocking: opening a named pipe would wait for its writer.
  const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    refuseUnsafe(stats, path);
    const digest = await digestOf(handle);
    if (digest !== sha256) {
      throw new ModelIntegrityError(
        `the SHA-256 of the model file is ${digest}, but the configuration promises ${sha256}. ` +
          'Deploy the file that was declared, or declare the digest of this one.',
        path,
      );
    }
    return { path: real, bytes: stats.size };
  } finally {
    await handle.close();
  }
}

async function resolve(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      throw new ModelIntegrityError(
        'the model file does not exist. Check that it is mounted, or that the fetch step ran.',
        path,
        { cause: error },
      );
    }
    throw error;
  }
}

function refuseUnsafe(stats: Stats, path: string): void {
  if (!stats.isFile()) {
    throw new ModelIntegrityError('the model is not a regular file. Give the path of the ONNX file itself.', path);
  }
  if (stats.nlink !== 1) {
    throw new ModelIntegrityError(
      `the model file has ${stats.nlink} hard links; it must have one name only, so that nobody can change it under another. Copy it.`,
      path,
    );
  }
  if (stats.size === 0) {
    throw new ModelIntegrityError('the model file is empty. Its download or its copy failed.', path);
  }
}

async function digestOf(handle: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES);
    if (bytesRead === 0) {
      return hash.digest('hex');
    }
    hash.update(bytesRead === CHUNK_BYTES ? chunk : chunk.subarray(0, bytesRead));
  }
}

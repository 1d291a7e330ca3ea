import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { FetchError, guarded } from '../../fetch';
import type { Content, LocalFile } from './object-store';

/** 5000 MiB: the largest Put Blob of Azure; PutObject of S3 takes a little more. */
const MAX_REQUEST_BYTES = 5000 * 1024 ** 2;

/** Length in bytes. */
export function contentBytes(content: Content): number {
  return Buffer.isBuffer(content) ? content.length : content.bytes;
}

/**
 * Refuses what S3 and Azure Blob Storage take in no single request, which is all or nothing.
 *
 * @throws FetchError
 */
export function requireOneRequest(content: Content, uri: string): void {
  const bytes = contentBytes(content);
  if (bytes > MAX_REQUEST_BYTES) {
    throw FetchError.declaration(
      `${uri} would have ${bytes} bytes; at most ${MAX_REQUEST_BYTES} can be uploaded at once. Choose fewer rows a part (partRows).`,
    );
  }
}

/** The bytes, from their beginning: every attempt needs them anew. */
export function contentBody(content: Content): Buffer | Readable {
  return Buffer.isBuffer(content) ? content : createReadStream(content.path);
}

/** SHA-256 and MD5, in base64 as headers have them. */
export function contentDigests(content: Content): { readonly sha256: string; readonly md5: string } {
  const digest = (algorithm: 'sha256' | 'md5') =>
    Buffer.isBuffer(content)
      ? createHash(algorithm).update(content).digest('base64')
      : Buffer.from(content[algorithm], 'hex').toString('base64');
  return { sha256: digest('sha256'), md5: digest('md5') };
}

/** A finished file with its size and digests. @throws FetchError when it cannot be read */
export async function localFile(path: string): Promise<LocalFile> {
  const sha256 = createHash('sha256');
  const md5 = createHash('md5');
  let bytes = 0;
  await guarded(path, async () => {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      sha256.update(chunk);
      md5.update(chunk);
      bytes += (chunk as Buffer).length;
    }
  });
  return { path, bytes, sha256: sha256.digest('hex'), md5: md5.digest('hex') };
}

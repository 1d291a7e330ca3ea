import { constants, createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract as extractTar, type Header as TarHeader } from 'tar-stream';
import { openPromise as openZip, type Entry as ZipEntry } from 'yauzl';
import { errorMessage } from '../telemetry';
import { ArchiveRules } from './archive-rules';
import { FetchError } from './error';
import { HashedFile } from './hashed-file';

/** Which file to take out of which archive. */
export interface ExtractRequest {
  /** The archive: tar, tar.gz or zip, told by its first bytes. */
  readonly archive: string;
  /** Path of the file inside the archive. */
  readonly member: string;
  /** File to write. */
  readonly target: string;
  /** Largest sum of the unpacked sizes of all entries, in bytes. */
  readonly maxBytes: number;
  /** The archive's address, for messages. */
  readonly subject: string;
}

/**
 * Takes one file out of an archive.
 *
 * @returns its SHA-256; the file is on disk
 * @throws FetchError when the archive is harmful, damaged, or does not hold the file
 */
export async function extractMember(request: ExtractRequest): Promise<string> {
  const { size } = await stat(request.archive);
  const rules = new ArchiveRules(request.subject, size, request.maxBytes);
  const target = await HashedFile.create(request.target);
  try {
    const unpack = (await isZip(request.archive)) ? unpackZip : unpackTar;
    const found = await unpack(request, rules, target).catch((error: unknown) => {
      throw error instanceof FetchError ? error : rules.damaged(errorMessage(error));
    });
    if (!found) {
      throw rules.missing(request.member);
    }
    await target.sync();
    return target.digest();
  } finally {
    await target.close();
  }
}

async function unpackTar(
  { archive, member }: ExtractRequest,
  rules: ArchiveRules,
  target: HashedFile,
): Promise<boolean> {
  const entries = extractTar();
  const done = (error?: Error | null) => (error ? entries.destroy(error) : undefined);
  if (await isGzip(archive)) {
    pipeline(createReadStream(archive), createGunzip(), entries, done);
  } else {
    pipeline(createReadStream(archive), entries, done);
  }
  let found = false;
  for await (const entry of entries) {
    const path = rules.check({ name: entry.header.name, kind: tarKind(entry.header), bytes: entry.header.size });
    if (path === member && tarKind(entry.header) === 'file') {
      found = true;
      // streamx leaves the type of chunks open; a tar entry gives bytes.
      await copy(entry as AsyncIterable<unknown> as AsyncIterable<Uint8Array>, target);
    } else {
      entry.resume();
    }
  }
  return found;
}

async function unpackZip(
  { archive, member }: ExtractRequest,
  rules: ArchiveRules,
  target: HashedFile,
): Promise<boolean> {
  const zip = await openZip(archive, { lazyEntries: true, autoClose: false, strictFileNames: true });
  try {
    let wanted: ZipEntry | undefined;
    for await (const entry of zip.eachEntry()) {
      const path = rules.check({ name: entry.fileName, kind: zipKind(entry), bytes: entry.uncompressedSize });
      if (path === member && zipKind(entry) === 'file') {
        wanted = entry;
      }
    }
    if (wanted !== undefined) {
      await copy(await zip.openReadStreamPromise(wanted), target);
    }
    return wanted !== undefined;
  } finally {
    zip.close();
  }
}

async function copy(from: AsyncIterable<Uint8Array>, target: HashedFile): Promise<void> {
  for await (const chunk of from) {
    await target.append(chunk);
  }
}

function tarKind({ type }: TarHeader): string {
  return type === 'contiguous-file' ? 'file' : (type ?? 'special file');
}

const UNIX_TYPES: ReadonlyMap<number, string> = new Map([
  [0, 'file'],
  [constants.S_IFREG, 'file'],
  [constants.S_IFDIR, 'directory'],
  [constants.S_IFLNK, 'symlink'],
]);

function zipKind(entry: ZipEntry): string {
  if (entry.isEncrypted()) {
    return 'encrypted file';
  }
  // The upper half holds the Unix mode, when the archive was made by a tool that knows one.
  const type = UNIX_TYPES.get((entry.externalFileAttributes >>> 16) & constants.S_IFMT) ?? 'special file';
  return type === 'file' && entry.fileName.endsWith('/') ? 'directory' : type;
}

async function isGzip(path: string): Promise<boolean> {
  return startsWith(path, [0x1f, 0x8b]);
}

async function isZip(path: string): Promise<boolean> {
  return (await startsWith(path, [0x50, 0x4b, 0x03, 0x04])) || startsWith(path, [0x50, 0x4b, 0x05, 0x06]);
}

async function startsWith(path: string, magic: readonly number[]): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0);
    return bytesRead === magic.length && magic.every((byte, index) => buffer[index] === byte);
  } finally {
    await file.close();
  }
}

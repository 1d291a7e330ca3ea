import { randomUUID } from 'node:crypto';
import { type BigIntStats, createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, opendir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { FetchError, guarded } from '../../fetch';
import { errorCode, errorMessage } from '../../telemetry';
import type { OpenRequest, Page, PageRequest, StoreDriver } from './driver';
import { ObjectChangedError, UnfitStoreError } from './error';
import type { Content, ObjectInfo } from './object-store';

const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Files below a directory, of this machine or of a mounted volume.
 *
 * A new object is a temporary file that is written to disk and then linked to its name, which fails when the name is taken:
 * `rename` would replace it. A temporary file that a killed process left is called `.<name>.<random>.tmp`.
 */
export function posixDriver(directory: string): StoreDriver {
  const pathOf = (key: string) => join(directory, key);
  return {
    uri: directory.replace(/\/+$/, ''),
    async page({ prefix, shallow }: PageRequest): Promise<Page> {
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      const page: { objects: ObjectInfo[]; folders: string[] } = { objects: [], folders: [] };
      await visit(directory, folder, { prefix, shallow, page });
      return page;
    },
    async head(key) {
      const stats = await statOf(pathOf(key));
      return stats?.isFile() ? infoOf(key, pathOf(key), stats) : undefined;
    },
    async open(key: string, { from, to, etag }: OpenRequest): Promise<Readable | undefined> {
      const stats = await statOf(pathOf(key));
      if (stats === undefined) {
        return undefined;
      }
      if (etag !== undefined && etagOf(stats) !== etag) {
        throw new ObjectChangedError(pathOf(key));
      }
      return createReadStream(pathOf(key), { start: from, end: to - 1, highWaterMark: 1024 * 1024 });
    },
    async write(key, content, onlyNew) {
      try {
        return await write(pathOf(key), content, onlyNew);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') {
          // Whoever completed the run meanwhile took the unfinished file for one of a killed process.
          throw FetchError.transient(`${pathOf(key)} vanished while it was written.`, error);
        }
        throw error instanceof UnfitStoreError ? error : await guarded(pathOf(key), () => Promise.reject(error));
      }
    },
    delete: (key) => guarded(pathOf(key), () => rm(pathOf(key), { force: true })),
    localPath: pathOf,
    close: () => undefined,
  };
}

interface Visit extends PageRequest {
  readonly page: { readonly objects: ObjectInfo[]; readonly folders: string[] };
}

async function visit(root: string, folder: string, request: Visit): Promise<void> {
  const { prefix, shallow, page } = request;
  const entries = await opendir(join(root, folder)).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') {
      return [];
    }
    throw FetchError.declaration(`${join(root, folder)} cannot be read: ${errorMessage(error)}.`, error);
  });
  for await (const entry of entries) {
    const key = `${folder}${entry.name}`;
    // A link counts as what it leads to: mounted volumes are made of them.
    const stats = await statOf(join(root, key));
    if (stats?.isDirectory()) {
      const below = `${key}/`;
      if (shallow) {
        page.folders.push(below);
      } else if (below.startsWith(prefix) || prefix.startsWith(below)) {
        await visit(root, below, request);
      }
    } else if (stats?.isFile() && key.startsWith(prefix)) {
      page.objects.push(infoOf(key, join(root, key), stats));
    }
  }
}

async function write(path: string, content: Content, onlyNew: boolean): Promise<boolean> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
  const temporary = join(directory, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await (Buffer.isBuffer(content) ? writeFile(temporary, content) : copyFile(content.path, temporary));
    await synced(temporary);
    if (onlyNew) {
      await linked(temporary, path);
    } else {
      await rename(temporary, path);
    }
  } catch (error) {
    if (onlyNew && errorCode(error) === 'EEXIST') {
      return false;
    }
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await synced(directory);
  return true;
}

async function linked(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if (NO_LINKS.includes(errorCode(error) ?? '')) {
      throw new UnfitStoreError(
        `The file system of ${dirname(path)} has no hard links (${errorCode(error)}), which make a file exactly once. Use another volume, or an object store.`,
        { cause: error },
      );
    }
    throw error;
  }
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '')) {
      return undefined;
    }
    throw FetchError.declaration(`${path} cannot be read: ${errorMessage(error)}.`, error);
  }
}

function infoOf(key: string, path: string, stats: BigIntStats): ObjectInfo {
  return { key: key.split(sep).join('/'), uri: path, bytes: Number(stats.size), etag: etagOf(stats) };
}

/** Inode numbers differ between mounts of one volume for some file systems. */
function etagOf({ size, mtimeNs }: BigIntStats): string {
  return `${size}-${mtimeNs}`;
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ModelConfig, ModelSourceConfig } from '../contract';
import { errorCode, type Logger } from '../telemetry';
import { extractMember } from './archive';
import { digestMismatch, download } from './download';
import { guarded } from './hashed-file';
import type { Origin } from './origin';
import type { RetryPolicy } from './retry';

/** What {@link fetchModel} works with. */
export interface FetchModelOptions {
  readonly logger: Logger;
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
  /** Connects to where the model comes from; asked only when the file is not there already. */
  readonly connect: (source: ModelSourceConfig) => Promise<Origin>;
}

/**
 * Puts the file of one model in its place: downloaded beside it, verified, written to disk, then renamed, so that whoever
 * opens the place sees the whole model or none.
 *
 * @throws FetchError
 */
export async function fetchModel(
  model: ModelConfig,
  source: ModelSourceConfig,
  options: FetchModelOptions,
): Promise<void> {
  const { path, sha256, name, version } = model;
  const logger = options.logger.child({ model: name, version });
  if ((await digestOf(path)) === sha256) {
    logger.info({ path, sha256 }, 'model is there already');
    return;
  }
  const started = performance.now();
  await guarded(path, () => mkdir(dirname(path), { recursive: true }));
  // Named by the pod: what a killed container of this pod has left is overwritten, what another pod writes is not.
  const part = join(dirname(path), `.${basename(path)}.${process.env.HOSTNAME ?? hostname()}.part`);
  const origin = await options.connect(source);
  logger.info({ uri: addressOf(source) }, 'downloading');
  try {
    await obtain(origin, part, model, source, { ...options, logger });
    await publish(part, path);
  } finally {
    origin.close();
    await rm(part, { force: true });
    await rm(archiveOf(part), { force: true });
  }
  logger.info(
    { path, sha256, seconds: Math.round(performance.now() - started) / 1000 },
    'model downloaded and verified',
  );
}

async function obtain(
  origin: Origin,
  part: string,
  model: ModelConfig,
  source: ModelSourceConfig,
  { logger, retry, signal }: FetchModelOptions,
): Promise<void> {
  const subject = addressOf(source);
  const { maxBytes, timeoutMillis, archiveMember, archiveSha256 } = source;
  const common = { logger, retry, signal, subject, maxBytes, timeoutMillis };
  if (archiveMember === undefined) {
    await download(origin, part, { ...common, sha256: model.sha256 });
    return;
  }
  const archive = archiveOf(part);
  await download(origin, archive, { ...common, sha256: archiveSha256 });
  const found = await extractMember({ archive, member: archiveMember, target: part, maxBytes, subject });
  if (found !== model.sha256) {
    throw digestMismatch(`${archiveMember} in ${subject}`, found, model.sha256);
  }
}

async function publish(part: string, path: string): Promise<void> {
  await guarded(path, async () => {
    await chmod(part, 0o444);
    await rename(part, path);
    const directory = await open(dirname(path), 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  });
}

/** SHA-256 of the file in place; `undefined` when there is none, or something that is not a plain file. */
async function digestOf(path: string): Promise<string | undefined> {
  try {
    if (!(await lstat(path)).isFile()) {
      return undefined;
    }
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

function archiveOf(part: string): string {
  return `${part}.archive`;
}

/** The address without its query, which may hold a signature. */
function addressOf({ uri }: ModelSourceConfig): string {
  return uri.replace(/[?#].*$/, '');
}

import { hash, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ApiKeysConfig } from '../contract';
import type { Logger } from '../telemetry';
import { asUnusable, filesOf, UnusableFileError, WatchedFiles } from './watched-files';

/** Every key costs a comparison when an unknown one is presented. */
const MAX_KEYS = 1000;
const MAX_FILE_BYTES = 64 * 1024;
const DIGEST = /^[0-9a-f]{64}$/i;

/** Digests of the keys of each client, by the client's name. */
type Clients = ReadonlyMap<string, readonly Buffer[]>;

/** The keys of a mounted Secret, of which only the SHA-256 is known. */
export class ApiKeys {
  /** Clients by the digest of a key that was accepted, as base64. */
  private accepted = new Map<string, string>();

  /**
   * Reads the keys.
   *
   * @param setting key of the configuration that names the directory
   * @throws ConfigurationError when the directory or a file of it cannot be used
   */
  static async open(
    { path }: ApiKeysConfig,
    logger: Logger,
    intervalMillis: number,
    setting = 'server.authentication.apiKeys.path',
  ): Promise<ApiKeys> {
    const files = await WatchedFiles.open<Clients>({
      setting,
      paths: [path],
      read: (previous) => readClients(path, previous, logger),
      logger,
      intervalMillis,
    });
    if (files.value.size === 0) {
      logger.warn({ setting }, 'there are no API keys, so no key is accepted');
    }
    return new ApiKeys(files);
  }

  private constructor(private readonly files: WatchedFiles<Clients>) {
    files.onChange(() => {
      this.accepted = new Map();
    });
  }

  /**
   * Finds the client that a key belongs to; undefined when the key is unknown.
   *
   * @param key as in a header, each character one byte
   */
  find(key: string): string | undefined {
    const digest = hash('sha256', Buffer.from(key, 'latin1'), 'buffer');
    const name = digest.toString('base64');
    const known = this.accepted.get(name);
    if (known !== undefined) {
      return known;
    }
    const client = this.search(digest);
    if (client !== undefined) {
      this.accepted.set(name, client);
    }
    return client;
  }

  close(): void {
    this.files.close();
  }

  /** Compares with every key, so that the time tells nothing. */
  private search(digest: Buffer): string | undefined {
    let found: string | undefined;
    for (const [client, digests] of this.files.value) {
      for (const known of digests) {
        if (timingSafeEqual(known, digest)) {
          found = client;
        }
      }
    }
    return found;
  }
}

/**
 * Reads the clients of a directory.
 *
 * Files that cannot be used stop the first reading. Later such a client keeps the keys it had, and what changed for the
 * others counts: a key that is revoked must not live on because of the file of somebody else.
 */
async function readClients(directory: string, previous: Clients | undefined, logger: Logger): Promise<Clients> {
  if (!(await stat(directory)).isDirectory()) {
    throw new UnusableFileError('is a directory', 'Mount a Secret with one file a client.');
  }
  const clients = new Map<string, readonly Buffer[]>();
  for (const file of await filesOf(directory)) {
    const client = basename(file);
    try {
      if ((await stat(file)).isFile()) {
        clients.set(client, await readDigests(file, client));
      }
    } catch (error) {
      if (previous === undefined) {
        throw error;
      }
      logger.error(
        { client, reason: asUnusable(error).message },
        'the API keys of a client cannot be used; its last good ones stay',
      );
      clients.set(client, previous.get(client) ?? []);
    }
  }
  const keys = [...clients.values()].reduce((sum, digests) => sum + digests.length, 0);
  if (keys > MAX_KEYS) {
    throw new UnusableFileError(
      `holds at most ${MAX_KEYS} keys (found ${keys})`,
      'Use tokens (jwt) for so many clients.',
    );
  }
  return clients;
}

async function readDigests(file: string, client: string): Promise<Buffer[]> {
  const { size } = await stat(file);
  if (size > MAX_FILE_BYTES) {
    throw new UnusableFileError(`the file of '${client}' has at most ${MAX_FILE_BYTES} bytes`, 'Remove keys from it.');
  }
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
  return lines.flatMap((line, index) => {
    if (line === '') {
      return [];
    }
    if (!DIGEST.test(line)) {
      throw new UnusableFileError(
        `line ${index + 1} of the file of '${client}' is the SHA-256 of a key, 64 hexadecimal digits`,
        "Write what `printf %s KEY | sha256sum | cut -d ' ' -f 1` prints.",
      );
    }
    return [Buffer.from(line, 'hex')];
  });
}

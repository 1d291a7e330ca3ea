import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../config';
import { errorCode, errorMessage, type Logger } from '../telemetry';

/** Files cannot be used. The message names files and rules, never what is secret in them. */
export class UnusableFileError extends Error {
  override readonly name = 'UnusableFileError';

  /**
   * @param rule what must hold
   * @param fix what to do about it
   */
  constructor(
    readonly rule: string,
    readonly fix: string,
    options?: ErrorOptions,
  ) {
    super(`${rule}. ${fix}`, options);
  }
}

/** Options of {@link WatchedFiles.open}. */
export interface WatchOptions<T> {
  /** Key of the configuration that names the files, for example `server.tls`. */
  readonly setting: string;

  /** Files, and directories with files; links are followed. */
  readonly paths: readonly string[];

  /**
   * Reads the value.
   *
   * @param previous the last good one; undefined the first time
   * @throws UnusableFileError when the files cannot be used
   */
  readonly read: (previous: T | undefined) => Promise<T>;

  readonly logger: Logger;

  /** How often the files are looked at. */
  readonly intervalMillis: number;
}

/** How often mounted files are looked at. */
export const FILES_POLL_MILLIS = 1000;

/**
 * A value that is made of files, and made anew when they change. When they cannot be used the last good one stays.
 *
 * The files are looked at in intervals: what a kubelet mounts is changed by renaming a link to its directory, which
 * notifications of the system do not tell reliably. A file counts as changed when the place it leads to, its size or one
 * of its times differs.
 */
export class WatchedFiles<T> {
  private readonly listeners: ((value: T) => void)[] = [];
  private readonly timer: NodeJS.Timeout;
  private checking = false;

  /**
   * Reads the files for the first time.
   *
   * @throws ConfigurationError when they cannot be used
   */
  static async open<T>(options: WatchOptions<T>): Promise<WatchedFiles<T>> {
    const seen = await fingerprint(options.paths);
    try {
      return new WatchedFiles(options, await options.read(undefined), seen);
    } catch (error) {
      const { rule, fix } = asUnusable(error);
      throw new ConfigurationError('files of the configuration', [
        { path: options.setting, value: options.paths.join(', '), rule, fix },
      ]);
    }
  }

  private constructor(
    private readonly options: WatchOptions<T>,
    private current: T,
    private seen: string,
  ) {
    this.timer = setInterval(() => void this.check(), options.intervalMillis).unref();
  }

  /** The last good value. */
  get value(): T {
    return this.current;
  }

  /** Tells of every new value. */
  onChange(listener: (value: T) => void): void {
    this.listeners.push(listener);
  }

  /** Looks at the files no more. */
  close(): void {
    clearInterval(this.timer);
  }

  private async check(): Promise<void> {
    if (this.checking) {
      return;
    }
    this.checking = true;
    const { paths, read, logger, setting } = this.options;
    try {
      const before = await fingerprint(paths);
      if (before !== this.seen) {
        const value = await read(this.current);
        // Changed while they were read: they may not belong together, and are read again the next time.
        if ((await fingerprint(paths)) === before) {
          this.seen = before;
          this.accept(value);
        }
      }
    } catch (error) {
      this.seen = await fingerprint(paths);
      logger.error(
        { setting, reason: asUnusable(error).message },
        'changed files cannot be used; the last good ones stay',
      );
    } finally {
      this.checking = false;
    }
  }

  private accept(value: T): void {
    this.current = value;
    this.options.logger.info({ setting: this.options.setting }, 'changed files are used');
    for (const listener of this.listeners) {
      listener(value);
    }
  }
}

/** What an error says of files that cannot be read. */
export function asUnusable(error: unknown): UnusableFileError {
  return error instanceof UnusableFileError
    ? error
    : new UnusableFileError(
        errorCode(error) === 'ENOENT' ? 'exists' : `can be read (${errorCode(error) ?? errorMessage(error)})`,
        'Mount it into the container, readable for the user of the process.',
        { cause: error },
      );
}

async function fingerprint(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map(fingerprintOf))).join('\n');
}

async function fingerprintOf(path: string): Promise<string> {
  try {
    const found = await stat(path, { bigint: true });
    const { dev, ino, size, mtimeNs, ctimeNs } = found;
    const own = `${path} ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    return found.isDirectory() ? [own, await fingerprint(await filesOf(path))].join('\n') : own;
  } catch (error) {
    return `${path} ${errorCode(error) ?? errorMessage(error)}`;
  }
}

/** What lies in a directory, without what a kubelet keeps there for itself (`..data`). */
export async function filesOf(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => !name.startsWith('.'))
    .sort()
    .map((name) => join(directory, name));
}

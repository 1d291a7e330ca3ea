import { posix } from 'node:path';
import { FetchError } from './error';

const MAX_ENTRIES = 10_000;
const MAX_RATIO = 200;
/** Below this size no archive harms, however well it is packed. */
const RATIO_FROM_BYTES = 16 * 1024 * 1024;

/** One entry of an archive, as its table says. */
export interface ArchiveEntry {
  readonly name: string;
  /** `file`, `directory`, or what else the format knows. */
  readonly kind: string;
  /** Size when unpacked, in bytes. */
  readonly bytes: number;
}

/**
 * Judges the entries of an archive one after the other. Only one file is taken out, but an archive with a link, a device,
 * a path that leads elsewhere, a name twice or a bomb in it was made to do harm, and is refused as a whole.
 */
export class ArchiveRules {
  private readonly names = new Set<string>();
  private totalBytes = 0;

  /**
   * @param subject the archive, for messages
   * @param packedBytes size of the archive
   * @param maxBytes largest sum of the unpacked sizes
   */
  constructor(
    private readonly subject: string,
    private readonly packedBytes: number,
    private readonly maxBytes: number,
  ) {}

  /** @returns the path of the entry, without a leading `./` @throws FetchError */
  check({ name, kind, bytes }: ArchiveEntry): string {
    if (kind !== 'file' && kind !== 'directory') {
      throw this.refused(`the entry ${shown(name)} is a ${kind}`, 'Pack plain files alone.');
    }
    const path = posix.normalize(name).replace(/\/$/, '');
    if (
      posix.isAbsolute(name) ||
      path === '..' ||
      path.startsWith('../') ||
      name.split('/').includes('..') ||
      /[\\\0]/.test(name) ||
      /^[A-Za-z]:/.test(name)
    ) {
      throw this.refused(`the entry ${shown(name)} leads out of the archive`, 'Pack with relative paths.');
    }
    if (path !== '.' && this.names.has(path)) {
      throw this.refused(`the entry ${shown(name)} is there twice`, 'Pack each file once.');
    }
    this.names.add(path);
    if (this.names.size > MAX_ENTRIES) {
      throw this.refused(`it has more than ${MAX_ENTRIES} entries`, 'Pack the model alone.');
    }
    this.totalBytes += bytes;
    if (this.totalBytes > this.maxBytes) {
      throw this.refused(
        `it unpacks to more than ${this.maxBytes} bytes (maxBytes)`,
        'Pack the model alone, or raise the limit.',
      );
    }
    if (this.totalBytes > RATIO_FROM_BYTES && this.totalBytes > MAX_RATIO * this.packedBytes) {
      throw this.refused(`it unpacks to more than ${MAX_RATIO} times its size`, 'Leave the model unpacked.');
    }
    return path;
  }

  /** The error for an archive in which the file is not. */
  missing(member: string): FetchError {
    const files = [...this.names].slice(0, 5).map(shown).join(', ');
    return this.refused(`it holds no ${shown(member)} (but ${files || 'nothing'})`, 'Correct archiveMember.');
  }

  /** The error for an archive that cannot be read. */
  damaged(reason: string): FetchError {
    return this.refused(`it cannot be read: ${reason}`, 'Make it again, as tar, tar.gz or zip.');
  }

  private refused(reason: string, fix: string): FetchError {
    return FetchError.declaration(`The archive ${this.subject} is refused: ${reason}. ${fix}`);
  }
}

/** A name from outside, safe to print. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 200));
}

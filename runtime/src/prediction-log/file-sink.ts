import { type FileHandle, open, rename } from 'node:fs/promises';
import type { EventSink } from './event-queue';

const LINE_BREAK = 0x0a;

/**
 * Appends events to a file, one a line. When the next events would make it larger than its limit it is set aside as
 * `<path>.1`, replacing the one before, and a new one is begun.
 */
export class FileSink implements EventSink {
  private file: FileHandle | undefined;
  private size = 0;

  /** The file ends within a line: of a process that was killed, or of a write that failed. */
  private torn = false;

  /**
   * @param path of the file; its directory is there
   * @param maxBytes size at which it is set aside
   */
  constructor(
    private readonly path: string,
    private readonly maxBytes: number,
  ) {}

  async write(events: readonly string[]): Promise<void> {
    let lines: Buffer[] = [];
    let bytes = 0;
    for (const event of events) {
      const line = Buffer.from(`${event}\n`);
      await this.ready();
      if (this.size + bytes + line.length > this.maxBytes && this.size + bytes > 0) {
        await this.append(lines);
        await this.setAside();
        lines = [];
        bytes = 0;
      }
      lines.push(line);
      bytes += line.length;
    }
    await this.append(lines);
  }

  async close(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.close();
  }

  private async append(lines: readonly Buffer[]): Promise<void> {
    if (lines.length === 0) {
      return;
    }
    const file = await this.ready();
    const content = Buffer.concat(this.torn ? [Buffer.of(LINE_BREAK), ...lines] : lines);
    try {
      await file.appendFile(content);
    } catch (error) {
      // Opened again for the next events: then it is known how it ends.
      await this.close().catch(() => undefined);
      throw error;
    }
    this.torn = false;
    this.size += content.length;
  }

  private async ready(): Promise<FileHandle> {
    if (this.file === undefined) {
      const file = await open(this.path, 'a+', 0o640);
      try {
        this.size = (await file.stat()).size;
        this.torn = this.size > 0 && (await lastByte(file, this.size)) !== LINE_BREAK;
      } catch (error) {
        await file.close();
        throw error;
      }
      this.file = file;
    }
    return this.file;
  }

  private async setAside(): Promise<void> {
    await this.close();
    await rename(this.path, `${this.path}.1`);
    await this.ready();
  }
}

async function lastByte(file: FileHandle, size: number): Promise<number> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0];
}

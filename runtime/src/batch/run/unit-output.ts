import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BatchConfig } from '../../contract';
import { guarded } from '../../fetch';
import { localFile } from '../store';
import type { OutputFile, Score, ScoreOutput, TableFormat } from '../table';
import type { PlannedUnit } from './plan';
import type { Part } from './records';
import type { Sinks } from './sinks';
import type { UnitInput } from './unit-input';

const EXTENSIONS: Readonly<Record<TableFormat, string>> = { parquet: 'parquet', csv: 'csv', 'json-lines': 'jsonl' };

/** Files that the rows of a unit become on this machine, on their way to the sinks. */
export class UnitOutput implements ScoreOutput {
  readonly files: readonly OutputFile[];
  readonly errorsPath: string;

  /** The file that sinks which are no files are written from. */
  private readonly table: OutputFile | undefined;

  /**
   * @param name name of its parts, unique for every attempt
   */
  constructor(
    private readonly config: BatchConfig,
    private readonly scratch: string,
    private readonly name: string,
  ) {
    // Sinks of the same format get copies of one file.
    const formats = config.sinks.map((sink) => (sink.type === 'files' ? (sink.format as TableFormat) : 'parquet'));
    this.files = [...new Set(formats)].map((format) => ({
      path: join(scratch, `${name}.${EXTENSIONS[format]}`),
      format,
    }));
    this.errorsPath = join(scratch, `${name}.errors`);
    this.table = this.files.find(({ format }) => format === 'parquet');
  }

  /**
   * Uploads everything.
   *
   * @returns the parts as the unit's record has them
   */
  async upload(
    sinks: Sinks,
    { rowsOut, rowsError }: Score,
    unit: string,
    locator: ErrorLocator,
  ): Promise<{ readonly parts: (Part | null)[]; readonly errors?: Part; readonly bytes: number }> {
    const parts: (Part | null)[] = this.config.sinks.map(() => null);
    let bytes = 0;
    for (const file of rowsOut === 0 ? [] : this.files) {
      const content = await localFile(file.path);
      const part = {
        key: `parts/${this.name}.${EXTENSIONS[file.format]}`,
        rows: rowsOut,
        bytes: content.bytes,
        sha256: content.sha256,
      };
      for (const [index, sink] of this.config.sinks.entries()) {
        if (sink.type === 'files' && sink.format === file.format) {
          await sinks.putPart(index, part.key, content);
          parts[index] = part;
          bytes += content.bytes;
        }
      }
    }
    if (rowsOut > 0) {
      await this.writeTables(sinks, unit);
    }
    const errors = rowsError === 0 ? undefined : await this.uploadErrors(sinks, rowsError, locator);
    return { parts, ...(errors === undefined ? {} : { errors }), bytes: bytes + (errors?.bytes ?? 0) };
  }

  /** Writes the rows to the sinks that are no files. */
  async writeTables(sinks: Sinks, unit: string): Promise<void> {
    if (this.table !== undefined) {
      await sinks.writeTables(this.table.path, unit);
    }
  }

  async remove(): Promise<void> {
    const paths = [...this.files.map(({ path }) => path), this.errorsPath, this.locatedPath];
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  }

  private async uploadErrors(sinks: Sinks, rows: number, locator: ErrorLocator): Promise<Part> {
    if (!existsSync(this.errorsPath)) {
      throw new Error(`${rows} rows have no prediction, and there is no file of them.`);
    }
    await guarded(this.locatedPath, () => locator.rewrite(this.errorsPath, this.locatedPath));
    const content = await localFile(this.locatedPath);
    const key = `errors/${this.name}.jsonl`;
    await sinks.putErrors(key, content);
    return { key, rows, bytes: content.bytes, sha256: content.sha256 };
  }

  private get locatedPath(): string {
    return join(this.scratch, `${this.name}.jsonl.located`);
  }
}

/** Adds to each row without a prediction which object it is of, and for a part of a text where that begins. */
export class ErrorLocator {
  constructor(
    private readonly unit: PlannedUnit,
    private readonly input: Pick<UnitInput, 'object'>,
  ) {}

  /** Rewrites JSON lines. */
  async rewrite(from: string, to: string): Promise<void> {
    const lines = createInterface({ input: createReadStream(from), crlfDelay: Number.POSITIVE_INFINITY });
    const located = async function* (this: ErrorLocator) {
      for await (const line of lines) {
        yield `${this.located(line)}\n`;
      }
    };
    await pipeline(Readable.from(located.call(this)), createWriteStream(to));
  }

  /**
   * `row` and `line` of a part of a text count from its first line: how many are before it is not known, where it begins is.
   */
  private located(line: string): string {
    const { object } = this.input;
    const place = { object: object.uri, ...(this.unit.bytes === undefined ? {} : { fromByte: this.unit.bytes[0] }) };
    return line.replace(/^\{/, `${JSON.stringify(place).slice(0, -1)},`);
  }
}

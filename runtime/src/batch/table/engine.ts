import type { LoadedModel } from '../../model';
import type { Logger } from '../../telemetry';
import { Database } from './database';
import { ParquetReaders } from './parquet-readers';
import { readSchema } from './schema';
import type { Scorer, ScorerOptions } from './scorer';
import type { TableFile, TableSchema } from './table-file';
import { TableScorer } from './table-scorer';

/**
 * How much of a text is read ahead, in bytes. Two threads read it in turns, each some megabytes, and rows come in their order:
 * with less than the most one thread waits until the rows of the other are taken.
 */
const LEAST_READ_AHEAD_BYTES = 4 * 1024 * 1024;
const MOST_READ_AHEAD_BYTES = 32 * 1024 * 1024;

/** What two threads need for text and its rows beside that, in bytes. */
const TEXT_BYTES = 128 * 1024 * 1024;

/** Options of {@link TableEngine.open}. */
export interface TableEngineOptions {
  /** Memory for tables, beside that of the process, the model and its runs, in bytes. */
  readonly memoryBytes: number;

  /** Number of threads that read and write. */
  readonly threads: number;

  /** Directory for what does not fit into memory. */
  readonly scratchPath: string;

  readonly logger: Logger;
}

/** Reads and writes tables, and scores them. */
export class TableEngine {
  private constructor(
    private readonly database: Database,
    private readonly readers: ParquetReaders,
    private readonly textAheadBytes: number,
  ) {}

  static async open({ memoryBytes, threads, scratchPath }: TableEngineOptions): Promise<TableEngine> {
    const open = (bytes: number, threadCount: number) =>
      Database.open({
        // What DuckDB takes by itself is made for a machine, not for a container.
        memory_limit: kibibytes(bytes),
        threads: String(threadCount),
        temp_directory: scratchPath,
        // Every byte of a file is read once, and the system has it in memory anyway.
        enable_external_file_cache: 'false',
        // Nothing is loaded from elsewhere.
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
      });
    const database = await open(memoryBytes, threads);
    const readers = new ParquetReaders(async () => {
      // Both together stay within the limit, unless tables of text already have more of it.
      await database.set('memory_limit', kibibytes(memoryBytes / 2)).catch(() => undefined);
      return open(memoryBytes / 2, 1);
    });
    const ahead = Math.floor(Math.min(MOST_READ_AHEAD_BYTES, memoryBytes - TEXT_BYTES));
    return new TableEngine(database, readers, Math.max(LEAST_READ_AHEAD_BYTES, ahead));
  }

  /**
   * What is known of a table without reading its rows. Of a Parquet file only the footer is read.
   *
   * @throws TableError when the file is no table of its format
   */
  async schemaOf(file: TableFile): Promise<TableSchema> {
    const connection = await this.database.connect();
    try {
      return await readSchema(connection, file);
    } finally {
      connection.close();
    }
  }

  /**
   * Builds what scores tables by a model.
   *
   * @throws TableError when features or predictions do not fit the model's signature, with all that does not
   */
  async scorer(model: LoadedModel, options: ScorerOptions): Promise<Scorer> {
    return new TableScorer(this.database, this.readers, this.textAheadBytes, model, options);
  }

  /** Frees everything. Nothing may be under way. */
  close(): void {
    this.readers.close();
    this.database.close();
  }
}

function kibibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)}KiB`;
}

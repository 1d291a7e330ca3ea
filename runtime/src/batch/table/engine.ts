import type { LoadedModel } from '../../model';
import type { Logger } from '../../telemetry';
import { Database } from './database';
import { readSchema } from './schema';
import type { Scorer, ScorerOptions } from './scorer';
import type { TableFile, TableSchema } from './table-file';
import { TableScorer } from './table-scorer';

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
  private constructor(private readonly database: Database) {}

  static async open({ memoryBytes, threads, scratchPath }: TableEngineOptions): Promise<TableEngine> {
    return new TableEngine(
      await Database.open({
        // What DuckDB takes by itself is made for a machine, not for a container.
        memory_limit: `${Math.floor(memoryBytes / 1024)}KiB`,
        threads: String(threads),
        temp_directory: scratchPath,
        // Nothing is loaded from elsewhere.
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
      }),
    );
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
    return new TableScorer(this.database, model, options);
  }

  /** Frees everything. Nothing may be under way. */
  close(): void {
    this.database.close();
  }
}

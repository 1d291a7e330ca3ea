import duckdb from '@duckdb/node-bindings';
import { errorMessage } from '../../telemetry';
import { TableError } from './error';
import { literal } from './sql';
import { textsOf } from './vectors';

/** What a query answers, one object for each row; values as DuckDB writes them as text. */
export type TextRow = Readonly<Record<string, string | null>>;

/** Kinds of errors of DuckDB that tell nothing of the table that is read. */
const NOT_THE_TABLE = /^(Out of Memory|IO|Interrupt|INTERRUPT|Internal|INTERNAL|FATAL|Fatal|Permission)\b/;

/** How much of a streamed answer is made before it is asked for, while the model runs, in bytes. */
const READ_AHEAD_BYTES = 4 * 1024 * 1024;

/** An engine for tables of this process. Nothing of it outlives it. */
export class Database {
  private names = 0;

  private constructor(private readonly database: duckdb.Database) {}

  /** @param settings as in DuckDB's configuration */
  static async open(settings: Readonly<Record<string, string>>): Promise<Database> {
    const config = duckdb.create_config();
    for (const [name, value] of Object.entries(settings)) {
      duckdb.set_config(config, name, value);
    }
    return new Database(await duckdb.open(':memory:', config));
  }

  /**
   * Connections work side by side; statements of one come one after the other.
   *
   * @param readAheadBytes how much of a streamed answer is made before it is asked for
   */
  async connect(readAheadBytes = READ_AHEAD_BYTES): Promise<Connection> {
    return new Connection(await duckdb.connect(this.database), readAheadBytes);
  }

  /** Changes a setting. */
  async set(name: string, value: string): Promise<void> {
    const connection = await this.connect();
    try {
      await connection.run(`SET ${name} = ${literal(value)}`);
    } finally {
      connection.close();
    }
  }

  /** A name that nothing else in it has. */
  newName(): string {
    this.names += 1;
    return `scored_${this.names}`;
  }

  close(): void {
    duckdb.close_sync(this.database);
  }
}

/** A connection to a {@link Database}. */
export class Connection {
  constructor(
    readonly native: duckdb.Connection,
    private readonly readAheadBytes: number,
  ) {}

  /** Runs a statement. */
  async run(sql: string): Promise<void> {
    await duckdb.query(this.native, sql);
  }

  /** Answers of a query, a few: each column is taken as text. */
  async rows(sql: string): Promise<TextRow[]> {
    const found: TextRow[] = [];
    await this.eachRow(sql, (row) => found.push(row));
    return found;
  }

  /**
   * Calls back for each row of an answer of any size. Every column has to be text.
   *
   * @param afterSome waited for every 2048 rows, for example until they are written
   */
  async eachRow(sql: string, take: (row: TextRow) => void, afterSome?: () => Promise<void>): Promise<void> {
    const stream = await this.stream(sql);
    const names = Array.from({ length: duckdb.column_count(stream) }, (_, column) =>
      duckdb.column_name(stream, column),
    );
    for (let chunk = await nextChunk(stream); chunk !== undefined; chunk = await nextChunk(stream)) {
      const columns = names.map((_, column) =>
        textsOf(duckdb.data_chunk_get_vector(chunk as duckdb.DataChunk, column)),
      );
      for (let row = 0; row < duckdb.data_chunk_get_size(chunk); row += 1) {
        take(Object.fromEntries(names.map((name, column) => [name, columns[column](row)])));
      }
      await afterSome?.();
    }
    await this.endStream();
  }

  /**
   * Starts a query whose answer is fetched in chunks, in the order of the table.
   *
   * An answer that breaks off, as for a lack of memory or a line that is too long, looks like one that is complete:
   * {@link endStream} tells them apart. A packed text that is cut is read as a shorter one: DuckDB does not tell.
   */
  async stream(sql: string): Promise<duckdb.Result> {
    // A transaction of its own, which is left when a query fails in it.
    await duckdb.query(this.native, 'ROLLBACK').catch(() => undefined);
    await duckdb.query(this.native, 'BEGIN');
    await duckdb.query(this.native, `SET streaming_buffer_size = '${this.readAheadBytes}B'`);
    const statement = await duckdb.prepare(this.native, sql);
    try {
      return await duckdb.execute_prepared_streaming(statement);
    } finally {
      duckdb.destroy_prepare_sync(statement);
    }
  }

  /** Ends a stream of which every chunk has been fetched. @throws Error when there should have been more of them */
  async endStream(): Promise<void> {
    try {
      await duckdb.query(this.native, 'SELECT 1');
      await duckdb.query(this.native, 'COMMIT');
    } catch (cause) {
      throw new Error(
        'reading broke off before the end: the file is damaged or has too long a line, or tables have too little memory',
        { cause },
      );
    }
  }

  /** Stops what is under way. */
  interrupt(): void {
    duckdb.interrupt(this.native);
  }

  close(): void {
    duckdb.disconnect_sync(this.native);
  }
}

/** The next rows of a streamed answer, 2048 at most; undefined at its end. */
export async function nextChunk(stream: duckdb.Result): Promise<duckdb.DataChunk | undefined> {
  const chunk = await duckdb.fetch_chunk(stream);
  return chunk === null || duckdb.data_chunk_get_size(chunk) === 0 ? undefined : chunk;
}

/**
 * What an error of a query that reads a table means.
 *
 * @param path the table
 */
export function asTableError(error: unknown, path: string): unknown {
  const message = errorMessage(error);
  if (error instanceof TableError || NOT_THE_TABLE.test(message)) {
    return error;
  }
  return new TableError(`${path} cannot be read: ${message.split('\n')[0]}`, { cause: error });
}

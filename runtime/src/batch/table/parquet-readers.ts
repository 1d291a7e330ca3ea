import type { Connection, Database } from './database';

/** Two threads that read keep the one that runs a small model busy; a large model waits for nobody. */
const READERS = 2;

/**
 * Connections that read pieces of Parquet files side by side.
 *
 * They are of a database without threads of its own: each reads in the thread that asks it. Threads that share one streamed
 * answer wait for each other more than they read.
 */
export class ParquetReaders {
  private opening: Promise<Database> | undefined;
  private opened: Database | undefined;

  /** @param open opens the database, when it is needed first */
  constructor(private readonly open: () => Promise<Database>) {}

  async connect(): Promise<Connection[]> {
    this.opening ??= this.open().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    const database = await this.opening;
    this.opened = database;
    return Promise.all(Array.from({ length: READERS }, () => database.connect()));
  }

  close(): void {
    this.opened?.close();
  }
}

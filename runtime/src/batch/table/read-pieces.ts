import { Batch, CHUNK_ROWS } from './batch';
import { asTableError, type Connection, nextChunk } from './database';
import type { FeatureInput } from './feature-columns';
import { NativeGarbage } from './native-garbage';

/** Rows of a table that one query reads, in order. */
export interface TablePiece {
  readonly query: string;

  /** Position of the first among the rows of the table. */
  readonly position: number;
}

/** Rows of a piece that are run together. */
export interface ReadBatch {
  readonly batch: Batch;

  /** Position of the first among the rows of the table. */
  readonly position: number;
}

/** What pieces are read for. */
export interface PiecesOptions {
  /** The table, for messages. */
  readonly path: string;

  /** The columns of every input, side by side in the answer of the query. */
  readonly inputs: readonly FeatureInput[];

  /** Rows of a run of the model. */
  readonly runRows: number;

  /** Whether batches keep the chunks that they are of. */
  readonly keepsChunks: boolean;
}

/**
 * Calls back for the rows of all pieces, in batches.
 *
 * Each reader takes the next piece when it is done with one, so pieces come in any order; the rows of a piece come in
 * theirs. Readers read on while a batch is taken.
 */
export async function readPieces(
  pieces: readonly TablePiece[],
  readers: readonly Connection[],
  options: PiecesOptions,
  take: (read: ReadBatch) => Promise<void>,
): Promise<void> {
  const waiting = [...pieces];
  const garbage = new NativeGarbage();
  const work = async ([reader, ...others]: readonly Connection[]): Promise<void> => {
    if (reader === undefined || waiting.length === 0) {
      return;
    }
    const batches = new TurningBatches(options);
    let beside: Promise<void> | undefined;
    // A reader decodes much at once and then hands it out. Readers that begin together decode together, and the model waits;
    // those that begin one after the other take turns.
    const begin = () => {
      beside ??= work(others);
      beside.catch(() => undefined); // awaited below
    };
    try {
      for (let piece = waiting.shift(); piece !== undefined; piece = waiting.shift()) {
        await readPiece(piece, { reader, batches, garbage, path: options.path, onFirst: begin }, take);
      }
    } catch (error) {
      waiting.length = 0; // the others end with the piece that they have
      await beside?.catch(() => undefined);
      throw error;
    }
    await beside;
  };
  await work(readers);
}

/** Two batches: one is filled while the other is taken. */
class TurningBatches {
  private batch: Batch;
  private other: Batch;

  constructor({ inputs, runRows, keepsChunks }: PiecesOptions) {
    const capacity = Math.max(CHUNK_ROWS, Math.ceil(runRows / CHUNK_ROWS) * CHUNK_ROWS);
    this.batch = new Batch(inputs, capacity, keepsChunks);
    this.other = new Batch(inputs, capacity, keepsChunks);
  }

  get current(): Batch {
    return this.batch;
  }

  /** The other one is the current one, emptied. */
  turn(): void {
    [this.batch, this.other] = [this.other, this.batch];
    this.batch.clear();
  }
}

/** What pieces are read with. */
interface PieceTools {
  readonly reader: Connection;
  readonly batches: TurningBatches;
  readonly garbage: NativeGarbage;

  /** The table, for messages. */
  readonly path: string;

  /** Called when rows arrive. */
  readonly onFirst: () => void;
}

async function readPiece(
  { query, position }: TablePiece,
  { reader, batches, garbage, path, onFirst }: PieceTools,
  take: (read: ReadBatch) => Promise<void>,
): Promise<void> {
  const asked = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      throw asTableError(error, path);
    });
  let at = position;
  let taken: Promise<void> = Promise.resolve();
  const hand = async () => {
    const batch = batches.current;
    await taken; // what is taken is done with before it is filled again
    taken = take({ batch, position: at });
    taken.catch(() => undefined); // awaited before the next one, or at the end
    at += batch.rows;
    batches.turn();
  };
  const stream = await asked(reader.stream(query));
  let coming = nextChunk(stream);
  const add = async (): Promise<boolean> => {
    const chunk = await asked(coming);
    if (chunk === undefined) {
      return false;
    }
    coming = nextChunk(stream); // while this one is taken
    coming.catch(() => undefined); // awaited for the next one, or at the end
    if (batches.current.full) {
      await hand();
    }
    batches.current.add(chunk);
    return true;
  };
  try {
    while (await add()) {
      onFirst();
      garbage.note();
    }
    await reader.endStream();
    if (batches.current.rows > 0) {
      await hand();
    }
  } finally {
    // Nothing may be under way when the caller frees what it uses.
    await coming.catch(() => undefined);
    await taken;
  }
}

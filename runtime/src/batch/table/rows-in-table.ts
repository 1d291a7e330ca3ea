import duckdb from '@duckdb/node-bindings';
import type { PredictionColumn } from '../../prediction-columns';
import type { Batch } from './batch';
import type { Connection } from './database';
import type { RunPart } from './model-runner';
import { writeElements, writeNothing } from './prediction-vectors';
import { type PassedColumn, ScoredRows, typeOf } from './scored-rows';
import { copyVector, fillVector } from './vectors';

const NO_FAULT = -1n;

/**
 * Rows in a table of DuckDB, with what is copied: for text, which can be read but once.
 *
 * DuckDB moves to its temporary directory what does not fit into memory.
 */
export class RowsInTable extends ScoredRows {
  override readonly needsChunks = true;
  protected readonly from: string;
  private finished = false;
  private readonly types: readonly duckdb.LogicalType[];
  private readonly appender: duckdb.Appender;

  private constructor(
    connection: Connection,
    table: string,
    passed: readonly PassedColumn[],
    predictions: readonly PredictionColumn[],
    private readonly firstPassed: number,
  ) {
    super(connection, passed, predictions);
    this.from = table;
    this.appender = duckdb.appender_create(connection.native, null, table);
    this.types = Array.from({ length: duckdb.appender_column_count(this.appender) }, (_, column) =>
      duckdb.appender_column_type(this.appender, column),
    );
  }

  /**
   * @param table name that no other table has
   * @param firstPassed position of the first copied column in the chunks
   */
  static async create(
    connection: Connection,
    table: string,
    passed: readonly PassedColumn[],
    predictions: readonly PredictionColumn[],
    firstPassed: number,
  ): Promise<RowsInTable> {
    const columns = [
      'fault BIGINT',
      ...passed.map(({ sqlType }, index) => `p${index} ${sqlType}`),
      ...predictions.map((prediction, index) => `q${index} ${typeOf(prediction)}`),
    ];
    await connection.run(`CREATE TABLE ${table} (${columns.join(', ')})`);
    return new RowsInTable(connection, table, passed, predictions, firstPassed);
  }

  override finish(): void {
    this.finished = true;
    duckdb.appender_close_sync(this.appender);
  }

  override async drop(): Promise<void> {
    if (!this.finished) {
      // Else it would write what it still has when it is collected, to a connection that is closed by then.
      duckdb.appender_clear(this.appender);
      this.finish();
    }
    await this.connection.run(`DROP TABLE ${this.from}`);
  }

  protected override keep({ chunks }: Batch, parts: readonly RunPart[], faults: ReadonlyMap<number, bigint>): void {
    for (const { chunk, firstRow, rows } of chunks) {
      for (const piece of piecesOf(firstRow, rows, parts)) {
        this.appendPiece(chunk, piece.from - firstRow, piece, faults);
      }
    }
  }

  private appendPiece(
    chunk: duckdb.DataChunk,
    offset: number,
    { from, rows, part }: Piece,
    faults: ReadonlyMap<number, bigint>,
  ): void {
    const target = duckdb.create_data_chunk(this.types);
    duckdb.data_chunk_set_size(target, rows);
    const fault = new BigInt64Array(rows).fill(NO_FAULT);
    if (faults.size > 0) {
      for (let row = 0; row < rows; row += 1) {
        fault[row] = faults.get(from + row) ?? NO_FAULT;
      }
    }
    fillVector(duckdb.data_chunk_get_vector(target, 0), fault);
    this.passed.forEach((_, index) => {
      const source = duckdb.data_chunk_get_vector(chunk, this.firstPassed + index);
      copyVector(source, duckdb.data_chunk_get_vector(target, 1 + index), this.types[1 + index], rows, offset);
    });
    this.predictions.forEach((prediction, index) => {
      const vector = duckdb.data_chunk_get_vector(target, 1 + this.passed.length + index);
      if (part === undefined) {
        writeNothing(prediction, rows, vector);
      } else {
        writeElements(prediction, prediction.take(part.outputs, from - part.from, rows), rows, vector);
      }
    });
    // It copies what it is given, the long strings that belong to `chunk` too.
    duckdb.append_data_chunk(this.appender, target);
  }
}

/** Rows of a chunk that come from one run of the model, or have none. */
interface Piece {
  /** Position of the first in the batch. */
  readonly from: number;
  readonly rows: number;
  readonly part: RunPart | undefined;
}

function piecesOf(firstRow: number, rows: number, parts: readonly RunPart[]): Piece[] {
  const end = firstRow + rows;
  const pieces: Piece[] = [];
  let at = firstRow;
  for (const part of parts) {
    const partEnd = part.from + part.rows;
    if (partEnd <= at || part.from >= end) {
      continue;
    }
    if (part.from > at) {
      pieces.push({ from: at, rows: part.from - at, part: undefined });
      at = part.from;
    }
    const count = Math.min(end, partEnd) - at;
    pieces.push({ from: at, rows: count, part });
    at += count;
  }
  if (at < end) {
    pieces.push({ from: at, rows: end - at, part: undefined });
  }
  return pieces;
}

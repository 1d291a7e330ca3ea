import duckdb from '@duckdb/node-bindings';
import type { TensorData } from '../../model';
import type { Elements, PredictionColumn } from '../../prediction-columns';
import type { Connection } from './database';
import { writeElements, writeNothing } from './prediction-vectors';
import { bytesOf, fillVector } from './vectors';

/** Numbers of the types in DuckDB's C interface. */
const TYPES: Readonly<Record<string, number>> = {
  BOOLEAN: 1,
  TINYINT: 2,
  SMALLINT: 3,
  INTEGER: 4,
  BIGINT: 5,
  UTINYINT: 6,
  USMALLINT: 7,
  UINTEGER: 8,
  UBIGINT: 9,
  FLOAT: 10,
  DOUBLE: 11,
  VARCHAR: 17,
};

/** Predictions of a table, by the number of the row in its file. */
export interface Predictions {
  /** Number of the first row. */
  readonly firstRow: number;

  /** One for each column; undefined when no row has a prediction. */
  readonly columns: readonly (Elements | undefined)[];

  /** For each row the position among those without prediction, or a negative number; undefined when all have one. */
  readonly faults: BigInt64Array | undefined;
}

/**
 * Functions in SQL that answer the predictions of a row, so that DuckDB can read, put together and write in its own threads.
 * They are called in the event loop with 2048 rows at a time, and only copy memory.
 */
export class PredictionFunctions {
  private readonly tables = new Map<number, Predictions>();
  private next = 0;

  private constructor(private readonly prefix: string) {}

  /** @param prefix start of the functions' names, which nothing else in the database has */
  static register(connection: Connection, prefix: string, columns: readonly PredictionColumn[]): PredictionFunctions {
    const functions = new PredictionFunctions(prefix);
    columns.forEach((column, index) => {
      const element = duckdb.create_logical_type(TYPES[column.type] as duckdb.Type);
      const type = column.isList ? duckdb.create_list_type(element) : element;
      register(connection, `${prefix}_${index}`, type, (slot, firstRow, rows, output) => {
        const table = functions.tables.get(slot);
        const elements = table?.columns[index];
        if (table === undefined || elements === undefined) {
          writeNothing(column, rows, output);
          return;
        }
        const { data, width } = elements;
        const start = (firstRow - table.firstRow) * width;
        writeElements(column, { data: part(data, start, start + rows * width), width }, rows, output);
      });
    });
    register(
      connection,
      `${prefix}_fault`,
      duckdb.create_logical_type(TYPES.BIGINT as duckdb.Type),
      (slot, row, rows, output) => {
        const table = functions.tables.get(slot);
        const start = row - (table?.firstRow ?? 0);
        fillVector(output, table?.faults?.subarray(start, start + rows) ?? new BigInt64Array(rows).fill(-1n));
      },
    );
    return functions;
  }

  /** Makes predictions known. @returns their number, for {@link call} and {@link forget} */
  add(predictions: Predictions): number {
    this.next += 1;
    this.tables.set(this.next, predictions);
    return this.next;
  }

  forget(table: number): void {
    this.tables.delete(table);
  }

  /** The prediction of the row that is read from a Parquet file, in SQL. */
  call(table: number, column: number | 'fault'): string {
    return `${this.prefix}_${column}(${table}::BIGINT, file_row_number)`;
  }
}

function register(
  { native }: Connection,
  name: string,
  type: duckdb.LogicalType,
  answer: (table: number, firstRow: number, rows: number, output: duckdb.Vector) => void,
): void {
  const scalar = duckdb.create_scalar_function();
  const bigint = duckdb.create_logical_type(TYPES.BIGINT as duckdb.Type);
  duckdb.scalar_function_set_name(scalar, name);
  duckdb.scalar_function_add_parameter(scalar, bigint);
  duckdb.scalar_function_add_parameter(scalar, bigint);
  duckdb.scalar_function_set_return_type(scalar, type);
  // The same row is the same prediction, but never before the table is read: nothing may be computed ahead.
  duckdb.scalar_function_set_volatile(scalar);
  duckdb.scalar_function_set_function(scalar, (_info, input, output) => {
    const rows = duckdb.data_chunk_get_size(input);
    if (rows === 0) {
      return;
    }
    const numbers = int64s(duckdb.data_chunk_get_vector(input, 1), rows);
    if (numbers[rows - 1] - numbers[0] !== BigInt(rows - 1)) {
      throw new Error('rows of a file were not read in order');
    }
    answer(Number(int64s(duckdb.data_chunk_get_vector(input, 0), 1)[0]), Number(numbers[0]), rows, output);
  });
  duckdb.register_scalar_function(native, scalar);
}

function int64s(vector: duckdb.Vector, rows: number): BigInt64Array {
  const bytes = bytesOf(vector, 8 * rows);
  return new BigInt64Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, rows);
}

function part(data: TensorData, from: number, to: number): TensorData {
  return Array.isArray(data) ? data.slice(from, to) : data.subarray(from, to);
}

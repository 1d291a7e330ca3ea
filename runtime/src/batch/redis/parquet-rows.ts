import { type DuckDBConnection, DuckDBInstance, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { EXIT_CODES } from '../../contract';
import { DATATYPES, type Datatype, elementCount, type Tensor } from '../../model';
import type { PredictionColumn } from '../../prediction-table';
import { RedisSinkError } from './error';

/** Some rows of a file. */
export interface RowChunk {
  readonly columns: readonly PredictionColumn[];

  /** Key of each row as text; null = it has none. */
  readonly keys: readonly (string | null)[];

  /** One for each column. */
  readonly tensors: readonly Tensor[];
}

const DATATYPE_OF: Readonly<Partial<Record<DuckDBTypeId, Datatype>>> = {
  [DuckDBTypeId.BOOLEAN]: 'BOOL',
  [DuckDBTypeId.TINYINT]: 'INT8',
  [DuckDBTypeId.SMALLINT]: 'INT16',
  [DuckDBTypeId.INTEGER]: 'INT32',
  [DuckDBTypeId.BIGINT]: 'INT64',
  [DuckDBTypeId.UTINYINT]: 'UINT8',
  [DuckDBTypeId.USMALLINT]: 'UINT16',
  [DuckDBTypeId.UINTEGER]: 'UINT32',
  [DuckDBTypeId.UBIGINT]: 'UINT64',
  [DuckDBTypeId.FLOAT]: 'FP32',
  [DuckDBTypeId.DOUBLE]: 'FP64',
  [DuckDBTypeId.VARCHAR]: 'BYTES',
};

/** Memory for reading a file, which goes through in chunks. */
const MEMORY = '256MiB';

/** Reads keys and columns of Parquet files of this machine, chunk by chunk. */
export class ParquetReader {
  private constructor(private readonly instance: DuckDBInstance) {}

  static async open(): Promise<ParquetReader> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: MEMORY,
      threads: '1',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    return new ParquetReader(instance);
  }

  /**
   * Reads a file in its order. Several may be read at the same time.
   *
   * @throws RedisSinkError when a column is missing, or cannot be kept
   */
  async *rows(path: string, key: string, names: readonly string[]): AsyncGenerator<RowChunk> {
    const connection = await this.instance.connect();
    try {
      yield* readRows(connection, path, key, names);
    } finally {
      connection.closeSync();
    }
  }

  close(): void {
    this.instance.closeSync();
  }
}

async function* readRows(
  connection: DuckDBConnection,
  path: string,
  key: string,
  names: readonly string[],
): AsyncGenerator<RowChunk> {
  const source = `read_parquet(${literal(path)})`;
  const found = await connection.run(`SELECT * FROM ${source} LIMIT 0`);
  const types = new Map(found.columnNames().map((name, index) => [name, found.columnType(index)]));
  const missing = [key, ...names].find((name) => !types.has(name));
  if (missing !== undefined) {
    throw badColumn(missing, `is none of the columns that are written (${[...types.keys()].join(', ')})`);
  }
  const kinds = names.map((name) => kindOf(name, types.get(name)));
  const selected = names.map((name, index) => (kinds[index].cast ? `CAST(${quoted(name)} AS VARCHAR)` : quoted(name)));
  const result = await connection.stream(
    `SELECT CAST(${quoted(key)} AS VARCHAR), ${selected.join(', ')} FROM ${source}`,
  );
  let columns: PredictionColumn[] | undefined;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) {
      return;
    }
    const [keys, ...values] = chunk.getColumns() as unknown[][];
    columns ??= kinds.map(({ name, datatype, isList }, index) => ({
      name,
      datatype,
      shape: isList ? [itemsOf(name, values[index][0]).length] : [],
    }));
    const known = columns;
    yield {
      columns: known,
      keys: keys as (string | null)[],
      tensors: known.map((column, index) => tensorOf(column, values[index])),
    };
  }
}

interface ColumnKind {
  readonly name: string;
  readonly datatype: Datatype;
  readonly isList: boolean;

  /** Whether it is kept as text, since no tensor has its type. */
  readonly cast: boolean;
}

function kindOf(name: string, type: DuckDBType | undefined): ColumnKind {
  const isList = type?.typeId === DuckDBTypeId.LIST || type?.typeId === DuckDBTypeId.ARRAY;
  const element = isList && 'valueType' in type ? (type.valueType as DuckDBType) : type;
  const datatype = element && DATATYPE_OF[element.typeId];
  if (isList && datatype === undefined) {
    throw badColumn(name, `is of the type ${type}, and of lists only those of numbers, booleans and texts can be kept`);
  }
  return { name, datatype: datatype ?? 'BYTES', isList, cast: datatype === undefined };
}

function tensorOf({ name, datatype, shape }: PredictionColumn, values: readonly unknown[]): Tensor {
  const count = elementCount(shape);
  const data = DATATYPES[datatype].allocate(values.length * count);
  const missing = MISSING[datatype];
  const put = (value: unknown, at: number) => {
    const element = value ?? missing;
    if (element === undefined) {
      throw badColumn(name, `has rows without value, and ${datatype} has nothing that stands for that`);
    }
    // The engine gives values of the column's own type: numbers, big integers, booleans, texts.
    (data as unknown[])[at] = datatype === 'BOOL' ? Number(element) : element;
  };
  for (let row = 0; row < values.length; row += 1) {
    if (shape.length === 0) {
      put(values[row], row);
      continue;
    }
    const items = itemsOf(name, values[row]);
    if (items.length !== count) {
      throw badColumn(name, `has lists of different lengths (${count} and ${items.length}), which no tensor can hold`);
    }
    for (let index = 0; index < count; index += 1) {
      put(items[index], row * count + index);
    }
  }
  return { datatype, shape: [values.length, ...shape], data };
}

/** What stands for a missing value; undefined = nothing does. */
const MISSING: Readonly<Partial<Record<Datatype, unknown>>> = { FP32: Number.NaN, FP64: Number.NaN, BYTES: '' };

function itemsOf(name: string, value: unknown): readonly unknown[] {
  if (typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items)) {
    return value.items;
  }
  throw badColumn(name, 'has rows without list, and a tensor has one in every row');
}

function badColumn(name: string, reason: string): RedisSinkError {
  return new RedisSinkError(
    `The column '${name}' ${reason}. Choose the columns of the Redis sink (columns, key) among those that fit.`,
    EXIT_CODES.badInput,
  );
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

import { csvColumns } from './csv-header';
import type { Connection } from './database';
import { asTableError } from './database';
import { pathLiteral } from './sql';
import type { ColumnChunk, TableFile, TableSchema } from './table-file';

/** Names of the columns of JSON lines are taken from so many rows. */
const SAMPLE_ROWS = 2048;

/**
 * What is known of a table without reading its rows.
 *
 * @throws TableError when the file is no table of its format
 */
export async function readSchema(connection: Connection, file: TableFile): Promise<TableSchema> {
  try {
    switch (file.format) {
      case 'parquet':
        return await parquetSchema(connection, file.path);
      case 'csv':
        return { columns: (await csvColumns(file.path, file.csv)).map((name) => ({ name, type: 'VARCHAR' })) };
      case 'json-lines': {
        const names = file.columns ?? (await jsonColumns(connection, file.path));
        return { columns: names.map((name) => ({ name, type: 'JSON' })) };
      }
    }
  } catch (error) {
    throw asTableError(error, file.path);
  }
}

async function parquetSchema(connection: Connection, path: string): Promise<TableSchema> {
  const source = pathLiteral(path);
  const described = await connection.rows(
    `SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet(${source}))`,
  );
  const chunks = await connection.rows(
    `SELECT row_group_id::VARCHAR AS "group", row_group_num_rows::VARCHAR AS "rows", path_in_schema AS "path",
       least(data_page_offset, coalesce(nullif(dictionary_page_offset, 0), data_page_offset))::VARCHAR AS "from",
       total_compressed_size::VARCHAR AS "bytes"
     FROM parquet_metadata(${source}) ORDER BY row_group_id, column_id`,
  );
  const names = described.map((column) => String(column.column_name));
  const rowGroups: { rows: number; bytes: number; columns: ColumnChunk[] }[] = [];
  for (const chunk of chunks) {
    const index = Number(chunk.group);
    rowGroups[index] ??= { rows: Number(chunk.rows), bytes: 0, columns: [] };
    const bytes = Number(chunk.bytes);
    rowGroups[index].bytes += bytes;
    rowGroups[index].columns.push({ name: columnOf(String(chunk.path), names), from: Number(chunk.from), bytes });
  }
  return {
    columns: described.map((column, index) => ({ name: names[index], type: String(column.column_type) })),
    rowGroups,
    rows: rowGroups.reduce((sum, { rows }) => sum + rows, 0),
  };
}

/** The column of the table that a leaf of the file belongs to: `scores, list, element` is one of `scores`. */
function columnOf(path: string, names: readonly string[]): string {
  if (names.includes(path)) {
    return path;
  }
  return names.find((name) => path.startsWith(`${name}, `) || path.startsWith(`${name}.`)) ?? path;
}

/** Names in the order in which they come up. */
async function jsonColumns(connection: Connection, path: string): Promise<string[]> {
  const names = new Set<string>();
  await connection.eachRow(
    `SELECT list_reduce(json_keys(json), lambda all_keys, key: all_keys || chr(0) || key) AS "keys"
     FROM (FROM read_ndjson_objects(${pathLiteral(path)}, ignore_errors = true) LIMIT ${SAMPLE_ROWS})
     WHERE json_type(json) = 'OBJECT' AND len(json_keys(json)) > 0`,
    ({ keys }) => {
      for (const name of (keys ?? '').split('\0')) {
        names.add(name);
      }
    },
  );
  return [...names];
}

import { identifier, literal, pathLiteral } from './sql';
import type { TableFile, TableSchema } from './table-file';

/** Longest line of text, in bytes. */
const MAX_LINE_BYTES = 2 * 1024 * 1024;

/** What a thread reads of CSV at once, in bytes: the longest line fits, and the rows are few enough to be read ahead. */
const BUFFER_BYTES = 2 * MAX_LINE_BYTES;

/** Least rows that are read as one piece, where there are more. */
const PIECE_ROWS = 100_000;

/** Where the lines of a CSV file go that are none of its rows. */
export const REJECTS_TABLE = 'rejected_lines';

/**
 * The table of a file, as SQL reads it.
 *
 * @param types how columns of text are read, by their names; others are read as text
 */
export function sourceOf(file: TableFile, schema: TableSchema, types: ReadonlyMap<string, string>): string {
  const path = pathLiteral(file.path);
  switch (file.format) {
    case 'parquet':
      return `read_parquet(${path})${rowGroupFilter(file, schema)}`;
    case 'csv': {
      const { delimiter = ',', missing, columns } = file.csv ?? {};
      const nulls = ['', ...(missing === undefined ? [] : [missing])].map(literal);
      // Every column of a line has to be declared.
      const declared = schema.columns.map(({ name }) => `${literal(name)}: ${literal(types.get(name) ?? 'VARCHAR')}`);
      return `read_csv(${path}, auto_detect = false, header = ${columns === undefined}, delim = ${literal(delimiter)}, quote = '"',
        escape = '"', nullstr = [${nulls}], columns = {${declared}}, max_line_size = ${MAX_LINE_BYTES}, buffer_size = ${BUFFER_BYTES},
        store_rejects = true, rejects_limit = 0, rejects_table = '${REJECTS_TABLE}', rejects_scan = 'rejecting_scans')`;
    }
    case 'json-lines': {
      const declared = [...types].map(([name, type]) => `${literal(name)}: ${literal(type)}`);
      return `read_json(${path}, format = 'newline_delimited', ignore_errors = true, columns = {${declared}},
        maximum_object_size = ${MAX_LINE_BYTES})`;
    }
  }
}

/**
 * What is read of a Parquet file in pieces of some row groups, each with the position of its first row.
 *
 * Pieces are large enough that beginning one costs nothing beside it.
 */
export function piecesOf(
  file: TableFile,
  schema: TableSchema,
): { readonly file: TableFile; readonly position: number }[] {
  const { rowGroups = [] } = schema;
  const [first, end] = file.rowGroups ?? [0, rowGroups.length];
  const pieces: { file: TableFile; position: number }[] = [];
  let position = 0;
  let from = first;
  let rows = 0;
  for (let group = first; group < end; group += 1) {
    rows += rowGroups[group]?.rows ?? 0;
    if (rows >= PIECE_ROWS || group === end - 1) {
      pieces.push({ file: { ...file, rowGroups: [from, group + 1] }, position });
      position += rows;
      from = group + 1;
      rows = 0;
    }
  }
  return pieces;
}

/** Number of the first row of what is read, counted in the file. */
export function firstRowRead({ rowGroups }: TableFile, schema: TableSchema): number {
  return rowsBefore(schema, rowGroups?.[0] ?? 0);
}

/** Number of rows that are read, when it is known before. */
export function rowsRead({ format, rowGroups }: TableFile, schema: TableSchema): number | undefined {
  if (format !== 'parquet' || schema.rows === undefined) {
    return undefined;
  }
  return rowGroups === undefined ? schema.rows : rowsBefore(schema, rowGroups[1]) - rowsBefore(schema, rowGroups[0]);
}

/** Row groups without a row in the range are not read. */
function rowGroupFilter({ rowGroups }: TableFile, schema: TableSchema): string {
  if (rowGroups === undefined) {
    return '';
  }
  const [from, to] = rowGroups.map((group) => rowsBefore(schema, group));
  const row = identifier('file_row_number');
  return ` WHERE ${row} >= ${from} AND ${row} < ${to}`;
}

function rowsBefore({ rowGroups = [] }: TableSchema, group: number): number {
  return rowGroups.slice(0, group).reduce((sum, { rows }) => sum + rows, 0);
}

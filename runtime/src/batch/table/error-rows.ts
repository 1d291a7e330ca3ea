import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { recordsBefore } from './csv-records';
import type { Connection, TextRow } from './database';
import type { RefusedRow, ScoredRows } from './scored-rows';
import { firstRowRead, REJECTS_TABLE } from './source';
import { pathLiteral } from './sql';
import type { TableFile, TableSchema } from './table-file';

/** Longest piece of a rejected line that is kept, in characters. */
const MAX_TEXT = 1000;

/** Files that DuckDB unpacks while it reads them. */
const PACKED = /\.(gz|zst)$/;

/** A line of text that is no row. */
export interface RejectedLine {
  /** Number of its row, counted from 0 in the file. */
  readonly row: number;
  readonly reason: string;
  readonly column?: string;
  readonly text?: string;
}

/** Lines of a CSV file that were no rows, in order. To be asked on the connection that read it, afterwards. */
export async function rejectedLines(
  reader: Connection,
  file: TableFile,
  { columns }: TableSchema,
): Promise<RejectedLine[]> {
  if (file.format !== 'csv') {
    return [];
  }
  // A line may be wrong in several ways.
  const lines = await reader.rows(
    `SELECT DISTINCT ON (r.line) r.line::VARCHAR AS "line", line_byte_position::VARCHAR AS "byte", column_name AS "column",
       error_message AS "message", csv_line AS "text"
     FROM ${REJECTS_TABLE} r ORDER BY r.line, byte_position`,
  );
  const headers = file.csv?.columns === undefined ? 1 : 0;
  const rows = await recordsOf(file, columns.length, lines);
  return lines.map(({ column, message, text }, index) => ({
    row: rows[index] - headers,
    reason: (message ?? 'the line is no row').split('\n')[0],
    column: column ?? undefined,
    text: text?.replace(/^[\r\n]+/, '').slice(0, MAX_TEXT),
  }));
}

/**
 * Numbers of the records that lines are, from 0 on. Lines as DuckDB counts them include those without content, so the file is
 * read again, which only those have to wait for that have such lines.
 */
async function recordsOf({ path }: TableFile, columns: number, lines: readonly TextRow[]): Promise<number[]> {
  // Of one column, a line without content is a row; in a packed file bytes are elsewhere.
  const bytes = lines.map(({ byte }) => Number(byte) - 1); // DuckDB counts from 1; some faults have none
  const isKnown = bytes.every((byte, index) => byte >= (bytes[index - 1] ?? 0));
  if (lines.length === 0 || columns === 1 || PACKED.test(path) || !isKnown) {
    return lines.map(({ line }) => Number(line) - 1);
  }
  return recordsBefore(path, bytes);
}

/**
 * Writes the rows without prediction as JSON lines.
 *
 * @returns how many there are
 */
export async function writeErrorRows(
  path: string,
  file: TableFile,
  schema: TableSchema,
  scored: ScoredRows,
  rejected: readonly RejectedLine[],
  reader: Connection,
): Promise<number> {
  const { refused } = scored;
  if (refused.length + rejected.length === 0) {
    return 0;
  }
  const explained = file.format === 'json-lines' ? await explainLines(reader, file, refused) : new Map();
  const rowOf = numbering(file, schema, rejected);
  const output = createWriteStream(path);
  const done = finished(output);
  done.catch(() => undefined); // awaited below
  let full = false;
  const write = (line: string) => {
    full = !output.write(`${line}\n`) || full;
  };
  const drain = async () => {
    if (full) {
      full = false;
      await Promise.race([once(output, 'drain'), done]);
    }
  };
  const { firstRow = 0 } = file;
  for (const { row, reason, column, text } of rejected) {
    write(JSON.stringify({ row: firstRow + row, reason, column, text }));
    await drain();
  }
  await scored.eachRefused(({ position, reason, column }, values) => {
    const found = { row: firstRow + rowOf(position), reason, column, ...explained.get(position) };
    write(`${JSON.stringify(found).slice(0, -1)},"values":${values}}`);
  }, drain);
  output.end();
  await done;
  return refused.length + rejected.length;
}

/** Numbers of rows by their position among those that were read. */
function numbering(
  file: TableFile,
  schema: TableSchema,
  rejected: readonly RejectedLine[],
): (position: number) => number {
  const first = firstRowRead(file, schema);
  let passed = 0;
  // Positions come in order, as the rows do.
  return (position) => {
    while (passed < rejected.length && rejected[passed].row <= first + position + passed) {
      passed += 1;
    }
    return first + position + passed;
  };
}

/**
 * Finds out what is wrong with lines of JSON: reading them as columns says only that there is no value.
 *
 * The file is read again, which only those have to wait for that have such lines.
 */
async function explainLines(
  reader: Connection,
  { path }: TableFile,
  refused: readonly RefusedRow[],
): Promise<Map<number, { reason: string; column?: string; text?: string }>> {
  const suspects = new Map(refused.filter(({ missing }) => missing).map((row) => [row.position, row]));
  const explained = new Map<number, { reason: string; column?: string; text?: string }>();
  if (suspects.size === 0) {
    return explained;
  }
  let position = 0;
  await reader.eachRow(
    `SELECT json::VARCHAR AS "json" FROM read_ndjson_objects(${pathLiteral(path)}, ignore_errors = true)`,
    ({ json }) => {
      const suspect = suspects.get(position);
      position += 1;
      if (suspect === undefined) {
        return;
      }
      const object = objectOf(json);
      if (object === undefined) {
        explained.set(position - 1, {
          reason: 'the line is no JSON object',
          column: undefined,
          text: json?.slice(0, MAX_TEXT),
        });
        return;
      }
      const value = Object.hasOwn(object, suspect.column ?? '') ? object[suspect.column ?? ''] : undefined;
      if (value !== undefined && value !== null) {
        explained.set(position - 1, { reason: `is of another type than the input: found ${kindOf(value)}` });
      }
    },
  );
  return explained;
}

function objectOf(text: string | null): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) {
    return 'a list';
  }
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

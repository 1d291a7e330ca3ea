import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { BATCH_SCHEMA, type BatchConfig, type ObjectLocationConfig } from '../../../lib/contract';

const MODEL = resolve(__dirname, '../../fixtures/models/mlp.onnx');

/** A place of this machine. */
export const files = (uri: string): ObjectLocationConfig => ({ uri, store: { type: 'file' } });

/** A job over Parquet in `root/in`, with its output in `root/out`; what is not given is plausible. */
export function batchConfig(root: string, config: Partial<BatchConfig> = {}): BatchConfig {
  return {
    schema: BATCH_SCHEMA,
    name: 'trial',
    run: 'r1',
    models: [
      {
        name: 'mlp',
        version: 'v1',
        format: 'onnx',
        path: MODEL,
        sha256: createHash('sha256').update(readFileSync(MODEL)).digest('hex'),
        warmUp: { runs: 0 },
      },
    ],
    input: { ...files(`${root}/in/*.parquet`), format: 'parquet' },
    features: [{ input: 'input', columns: ['a', 'b', 'c', 'd'] }],
    sinks: [{ type: 'files', format: 'parquet', ...files(`${root}/out`) }],
    ledger: files(`${root}/ledger`),
    shards: 2,
    partRows: 2048,
    maxErrorRatio: 0,
    scratchPath: `${root}/scratch`,
    metricsPort: 8082,
    progressMillis: 200,
    ...config,
  };
}

/** Writes a configuration. @returns its file */
export function writeConfig(root: string, config: BatchConfig): string {
  mkdirSync(root, { recursive: true });
  const path = join(root, 'config.json');
  writeFileSync(path, JSON.stringify(config));
  return path;
}

/** Runs SQL and gives all rows. */
export async function sql(query: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(query);
    return reader.getRowObjectsJS() as Record<string, unknown>[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Rows with a number `id`, a text and four numbers, as SQL. */
const ROWS = (from: number, to: number) =>
  `SELECT i AS id, 'user, ' || i AS who, (i % 7)::DOUBLE AS a, (i % 11)::DOUBLE AS b, (i % 13)::DOUBLE AS c, i / 1000.0::DOUBLE AS d FROM range(${from}, ${to}) t(i)`;

/** Writes Parquet files of so many rows each, in row groups of 2048, to `root/in`. */
export async function writeParquet(root: string, fileCount: number, rows: number): Promise<void> {
  mkdirSync(join(root, 'in'), { recursive: true });
  for (let file = 0; file < fileCount; file += 1) {
    const path = join(root, 'in', `part-${file}.parquet`);
    await sql(`COPY (${ROWS(file * rows, (file + 1) * rows)}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
  }
}

/** What `_SUCCESS.json` of a sink lists. */
export function successOf(sink: string, run = 'r1') {
  return JSON.parse(readFileSync(join(sink, `run=${run}`, '_SUCCESS.json'), 'utf8')) as {
    rows: { in: number; predicted: number; errors: number };
    parts: { key: string; rows: number }[];
    errors: { uri: string; parts: { key: string; rows: number }[] };
  };
}

/** Rows that are missing in the output or are there more than once, by the listed parts. */
export async function wrongRows(
  sink: string,
  { run = 'r1', rows, reader = 'read_parquet' }: { run?: string; rows: number; reader?: string },
): Promise<unknown[]> {
  const { parts } = successOf(sink, run);
  const list = parts.map(({ key }) => `'${join(sink, `run=${run}`, key)}'`).join(', ');
  return sql(
    `SELECT i AS id, count(p.id) AS times FROM range(${rows}) t(i) LEFT JOIN ${reader}([${list}]) p ON p.id::BIGINT = i GROUP BY i HAVING count(p.id) <> 1
     UNION ALL SELECT p.id::BIGINT, -1 FROM ${reader}([${list}]) p WHERE p.id::BIGINT NOT BETWEEN 0 AND ${rows - 1}`,
  );
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** Columns of a table of flowers that are features of the iris model, in order. */
export const FEATURES = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'];

/** One flower of each label of the iris model. */
const FLOWERS = [
  [5.1, 3.5, 1.4, 0.2],
  [6.0, 2.7, 4.1, 1.0],
  [6.3, 3.3, 6.0, 2.5],
];

/** Rows of a row group. DuckDB makes none smaller. */
export const ROW_GROUP = 2048;

/** Name of a flower by its number. */
export const flowerName = (number: number) => `flower-${number}`;

/**
 * A Parquet file of flowers: `id`, and the features. The label of a flower is its number modulo 3.
 *
 * @param from number of the first row, and after it so many `rows`
 * @param isBad SQL condition on `number`, of rows that miss a feature
 */
export async function flowers(from: number, rows: number, isBad = 'false'): Promise<Buffer> {
  const directory = mkdtempSync(join(tmpdir(), 'e2e-flowers-'));
  const file = join(directory, 'flowers.parquet');
  const choose = (feature: number) =>
    `CASE number % 3 ${FLOWERS.map((flower, label) => `WHEN ${label} THEN ${flower[feature]}`).join(' ')} END`;
  const columns = FEATURES.map((name, feature) =>
    feature === 0
      ? `CASE WHEN ${isBad} THEN NULL ELSE ${choose(feature)} END AS ${name}`
      : `${choose(feature)} AS ${name}`,
  );
  try {
    await query(
      `COPY (SELECT 'flower-' || number AS id, ${columns.join(', ')} FROM range(${from}, ${from + rows}) AS t(number))
       TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE ${ROW_GROUP})`,
    );
    return readFileSync(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What is in the Parquet files of predictions: numbers of rows, of different names, and of wrong labels. */
export async function countFlowers(
  files: readonly Buffer[],
): Promise<{ rows: number; names: number; wrong: number; smallest: number; largest: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'e2e-predictions-'));
  try {
    for (const [index, file] of files.entries()) {
      writeFileSync(join(directory, `${index}.parquet`), file);
    }
    const [row] = await query(`
      WITH read AS (SELECT *, CAST(substr(id, 8) AS BIGINT) AS number FROM '${directory}/*.parquet')
      SELECT count(*) AS rows, count(DISTINCT id) AS names, count(*) FILTER (label <> number % 3) AS wrong,
        min(number) AS smallest, max(number) AS largest FROM read`);
    const numbers = Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)]));
    return numbers as Awaited<ReturnType<typeof countFlowers>>;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function query(sql: string) {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';

/**
 * Writes a table of made-up users as Parquet: as many as `--rows` says (a million unless it does), to `--out`. The same number
 * gives the same table.
 */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    out: { type: 'string', default: join(__dirname, 'warehouse/users/users.parquet') },
  },
});

/** Rows that are read, and so split into shards, as one. */
const ROW_GROUP_ROWS = 122_880;

/** A number from 0 to 1 for each user and column. */
const uniform = (column: string) => `(hash(i, '${column}') / 18446744073709551616.0)`;

/** A value between two others, with two decimals. */
const between = (column: string, least: number, most: number) =>
  `round(${least} + ${most - least} * ${uniform(column)}, 2) AS ${column}`;

/** What was spent on a category; most people buy of few. */
const spend = (category: string) =>
  `CASE WHEN ${uniform(`${category}?`)} < 0.4 THEN round(300 * ${uniform(category)}, 2) ELSE 0 END AS spend_${category}`;

const COLUMNS = [
  "printf('u%08d', i) AS user_id",
  `list_extract(['DE', 'FR', 'PL', 'PT', 'SE'], 1 + CAST(floor(5 * ${uniform('country')}) AS INTEGER)) AS country`,
  between('age', 18, 80),
  between('tenure_days', 0, 3000),
  between('visits_30d', 0, 40),
  between('orders_90d', 0, 12),
  between('basket_value', 5, 150),
  between('discount_share', 0, 1),
  ...['books', 'garden', 'kitchen', 'outdoor', 'toys', 'music'].map(spend),
];

async function main(): Promise<void> {
  const rows = Number(values.rows);
  if (!Number.isSafeInteger(rows) || rows < 1) {
    throw new Error(`--rows is '${values.rows}'. Write a whole number of at least 1.`);
  }
  mkdirSync(dirname(values.out), { recursive: true });
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`
    COPY (SELECT ${COLUMNS.join(', ')} FROM range(1, ${rows} + 1) AS numbers(i))
    TO '${values.out.replaceAll("'", "''")}' (FORMAT parquet, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})
  `);
  connection.closeSync();
  console.log(`${values.out}: ${rows} users, ${Math.ceil(statSync(values.out).size / 2 ** 20)} MiB`);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});

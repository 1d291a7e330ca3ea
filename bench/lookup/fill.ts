/* Fills a table as a batch job does: `fill.ts ADDRESS ROWS`. Prints one line of JSON. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { RedisSink } from '../../runtime/src/batch/redis';
import { createLogger } from '../../runtime/src/telemetry';

async function main(address: string, rows: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-lookup-'));
  try {
    const path = join(directory, 'predictions.parquet');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run(
      `COPY (SELECT 'user-' || i AS "user", CAST(random() AS FLOAT) AS score FROM range(${rows}) t(i)) TO '${path}' (FORMAT parquet)`,
    );
    const sink = await RedisSink.connect(
      { type: 'redis', address, table: 'reco', key: 'user', timeToLiveMillis: 3_600_000 },
      {
        id: `bench-${Date.now()}`,
        time: Date.now(),
        model: { name: 'ranker', version: '1', sha256: '0'.repeat(64) },
        predictions: ['score'],
        rows,
      },
      { logger: createLogger({ level: 'silent' }) },
    );
    const started = performance.now();
    await sink.writeUnit(path, '0-0');
    const written = performance.now();
    const outcome = await sink.complete(rows);
    const completed = performance.now();
    sink.close();
    console.log(
      JSON.stringify({
        outcome,
        writeSeconds: (written - started) / 1000,
        completeSeconds: (completed - written) / 1000,
      }),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

void main(process.argv[2], Number(process.argv[3]));

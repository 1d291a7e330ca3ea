import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { RedisSinkConfig } from '../../lib/contract';
import { RedisSink, type RunOutcome, type SinkRun } from '../../runtime/src/batch/redis';
import { createLogger } from '../../runtime/src/telemetry';
import { sha256 } from './serving-config';

const directory = mkdtempSync(join(tmpdir(), 'prediction-tables-'));
let files = 0;

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Writes what a query gives into a Parquet file, as the engine of batch jobs does; returns its path. */
export async function parquetFile(query: string): Promise<string> {
  files += 1;
  const path = join(directory, `${files}.parquet`);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

/** A sink for the table `reco` with the key `user`. */
export function sinkConfig(address: string, sink: Partial<RedisSinkConfig> = {}): RedisSinkConfig {
  return { type: 'redis', address, table: 'reco', key: 'user', timeToLiveMillis: 3_600_000, ...sink };
}

/** A run with the predictions `score`. */
export function sinkRun(run: Partial<SinkRun> & Pick<SinkRun, 'id'>): SinkRun {
  const model = { name: 'ranker', version: '3', sha256: sha256('ranker') };
  return { time: Date.UTC(2026, 10, 1), model, predictions: ['score'], rows: 1000, ...run };
}

/** Connects a sink whose patience is short. */
export function connectSink(config: RedisSinkConfig, run: SinkRun, patienceMillis = 15_000): Promise<RedisSink> {
  return RedisSink.connect(config, run, { logger: createLogger({ level: 'silent' }), patienceMillis });
}

/** Writes a complete run of one unit. */
export async function writeRun(config: RedisSinkConfig, run: SinkRun, query: string): Promise<RunOutcome> {
  const sink = await connectSink(config, run);
  try {
    const { rows } = await sink.writeUnit(await parquetFile(query), '0-0');
    return await sink.complete(rows);
  } finally {
    sink.close();
  }
}

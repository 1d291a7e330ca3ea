import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchConfig, ObjectStoreConfig } from '../../../lib/contract';
import { localFile, openStore } from '../../../runtime/src/batch/store';
import { createLogger } from '../../../runtime/src/telemetry';
import { describeWith } from '../../support/requires';
import { temporaryDirectory } from '../../support/temporary';
import { VERSITYGW } from '../../support/versitygw';
import { type HarshProxy, startHarshProxy } from '../support/harsh-proxy';
import { type S3Bucket, startBucket } from '../support/s3-bucket';
import { shardRun, wholeRun } from '../support/shard-run';
import { batchConfig, sql, wrongRows } from '../support/tables';

const ROWS = 16_384;
const CALM = { unavailable: 0, lost: 0, cut: 0, slowMillis: 0 };
const HARSH = { unavailable: 0.08, lost: 0.06, cut: 0.06, slowMillis: 20 };

describeWith('a run over objects of an S3 server', VERSITYGW, () => {
  const root = temporaryDirectory();
  let bucket: S3Bucket;
  let proxy: HarshProxy;
  let fileBytes = 0;

  beforeAll(async () => {
    bucket = await startBucket(root, 'tables');
    const store = await openStore(
      { uri: 's3://tables/in', store: bucket.store },
      { logger: createLogger({ level: 'silent' }) },
    );
    for (const file of [0, 1]) {
      const path = join(root, `part-${file}.parquet`);
      // Nobody asks for the column 'ballast', which is most of the file.
      await sql(
        `COPY (SELECT i AS id, 1.0::DOUBLE AS a, 2.0::DOUBLE AS b, md5(i::VARCHAR) || md5((i * 7)::VARCHAR) || md5((i * 13)::VARCHAR) || md5((i * 17)::VARCHAR) AS ballast, 3.0::DOUBLE AS c, i / 10.0::DOUBLE AS d
         FROM range(${(file * ROWS) / 2}, ${((file + 1) * ROWS) / 2}) t(i)) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
      );
      fileBytes += statSync(path).size;
      await store.put(`day=2026-11-22/part-${file}.parquet`, await localFile(path));
    }
    store.close();
  });

  afterAll(() => bucket.server.stop());
  afterEach(() => proxy.stop());

  async function job(name: string, harshness = CALM): Promise<BatchConfig> {
    proxy = await startHarshProxy(bucket.server.port, harshness);
    const store: ObjectStoreConfig = { ...bucket.store, endpoint: `http://127.0.0.1:${proxy.port}` };
    return batchConfig(join(root, name), {
      run: '2026-11-22',
      input: { uri: 's3://tables/in/day={date}/*.parquet', store, format: 'parquet' },
      passThrough: ['id'],
      sinks: [{ type: 'files', format: 'parquet', uri: `s3://tables/${name}`, store }],
      ledger: { uri: `s3://tables/${name}`, store },
      partRows: 4096,
    });
  }

  /** The gateway keeps objects as files. */
  const stored = (name: string) => join(root, 'server/data/tables', name);

  it('reads the columns that it needs, and no others', async () => {
    const config = await job('narrow');
    const record = await wholeRun(config);
    expect(record.rows).toEqual({ in: ROWS, predicted: ROWS, errors: 0 });
    expect(await wrongRows(stored('narrow'), { run: '2026-11-22', rows: ROWS })).toEqual([]);
    expect(readdirSync(config.scratchPath)).toEqual([]);
    expect(proxy.bytes()).toBeLessThan(fileBytes);
  });

  it('is exact over a server that refuses, is slow, loses answers and cuts connections, with every shard twice', async () => {
    const config = await job('harsh', HARSH);
    await Promise.all([0, 0, 1, 1].map((shard) => shardRun(config, shard)));
    expect(await wrongRows(stored('harsh'), { run: '2026-11-22', rows: ROWS })).toEqual([]);
    const { parts } = JSON.parse(readFileSync(join(stored('harsh'), 'run=2026-11-22/_SUCCESS.json'), 'utf8')) as {
      parts: { key: string }[];
    };
    expect(
      readdirSync(join(stored('harsh'), 'run=2026-11-22/parts'))
        .map((name) => `parts/${name}`)
        .sort(),
    ).toEqual(parts.map(({ key }) => key).sort());
    expect(Math.min(proxy.counts.unavailable, proxy.counts.lost, proxy.counts.cut)).toBeGreaterThan(0);
  });
});

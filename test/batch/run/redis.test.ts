import { join } from 'node:path';
import type { BatchConfig } from '../../../lib/contract';
import { pointerCommand, readPointer, TableKeys } from '../../../runtime/src/prediction-table';
import { REDIS_SERVER, type RedisServer, startRedisServer } from '../../support/redis-server';
import { describeWith } from '../../support/requires';
import { temporaryDirectory } from '../../support/temporary';
import { shardRun } from '../support/shard-run';
import { batchConfig, writeParquet } from '../support/tables';

const ROWS = 8192;

describeWith('a run into a table in Redis', REDIS_SERVER, () => {
  const root = temporaryDirectory();
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedisServer();
    await writeParquet(root, 2, ROWS / 2);
  });

  const job = (run: string): BatchConfig =>
    batchConfig(root, {
      run,
      ledger: { uri: join(root, 'ledger'), store: { type: 'file' } },
      passThrough: ['id'],
      sinks: [{ type: 'redis', address: server.address, table: 'scores', key: 'id', timeToLiveMillis: 3_600_000 }],
    });

  async function current() {
    const pointer = readPointer(await server.command(...pointerCommand(new TableKeys('scores').pointer)));
    return pointer === undefined || pointer === 'invalid' ? undefined : pointer.current;
  }

  it('makes it the current one when all shards are done', async () => {
    await shardRun(job('2026-11-22T01'), 0);
    expect(await current()).toBeUndefined();
    const record = await shardRun(job('2026-11-22T01'), 1);
    expect(record?.sinks).toEqual([{ type: 'redis', address: server.address, table: 'scores', rows: ROWS }]);
    expect(await current()).toMatchObject({ run: '2026-11-22T01', rows: ROWS, duplicates: 0 });
  });

  it('scores the rows again that the server has lost', async () => {
    await shardRun(job('2026-11-22T02'), 0);
    await server.command('FLUSHALL');
    await shardRun(job('2026-11-22T02'), 1);
    expect(await current()).toMatchObject({ run: '2026-11-22T02', rows: ROWS, duplicates: 0 });
  });
});

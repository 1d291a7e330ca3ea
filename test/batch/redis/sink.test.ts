import { writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { RedisSink } from '../../../runtime/src/batch/redis';
import { bucketOf, type RunPointer, readPointer } from '../../../runtime/src/prediction-table';
import { eventually } from '../../support/eventually';
import { startFaultProxy } from '../../support/fault-proxy';
import { freePort } from '../../support/free-port';
import { connectSink, parquetFile, sinkConfig, sinkRun, writeRun } from '../../support/prediction-tables';
import { REDIS_SERVER, type RedisServer, startRedisServer } from '../../support/redis-server';
import { describeWith } from '../../support/requires';
import { temporaryDirectory } from '../../support/temporary';

const users = (from: number, to: number, score = 'i') =>
  `SELECT 'user-' || i AS "user", CAST(${score} AS FLOAT) / 8 AS score FROM range(${from}, ${to}) t(i)`;

const DIRECTORY = temporaryDirectory();

describeWith('predictions as a table in Redis', REDIS_SERVER, () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer();
  });

  beforeEach(() => redis.command('FLUSHALL'));

  const pointer = async () =>
    readPointer(await redis.command('HMGET', 'reco:current', 'current', 'previous')) as RunPointer;

  const row = async (user: string) => {
    const { run, buckets } = (await pointer()).current;
    return redis.command('HGET', `reco:run:${run}:${bucketOf(user, buckets)}`, user);
  };

  it('is written by several shards, and visible when it is complete', async () => {
    const run = sinkRun({ id: 'r1', rows: 10_000 });
    const shards = await Promise.all([0, 1].map(() => connectSink(sinkConfig(redis.address), run)));
    await Promise.all(
      shards.map(async (shard, index) =>
        shard.writeUnit(await parquetFile(users(index * 5000, (index + 1) * 5000)), `${index}-0`),
      ),
    );
    expect(await redis.command('EXISTS', 'reco:current')).toBe(0);
    expect(await shards[0].writtenUnits()).toEqual(new Set(['0-0', '1-0']));
    expect(await Promise.all(shards.map((shard) => shard.complete(10_000)))).toEqual(['current', 'current']);
    expect((await pointer()).current).toMatchObject({
      run: 'r1',
      rows: 10_000,
      duplicates: 0,
      model: run.model,
      columns: [{ name: 'score', datatype: 'FP32', shape: [] }],
    });
    expect(await row('user-4242')).toBe('[530.25]');
    // Everything but the pointer goes by itself.
    const keys = (await redis.command('KEYS', '*')) as string[];
    const lives = await Promise.all(keys.map(async (key) => [key, await redis.command('PTTL', key)] as const));
    expect(lives.filter(([, life]) => life === -1).map(([key]) => key)).toEqual(['reco:current']);
    expect(Math.max(...lives.map(([, life]) => Number(life)))).toBeLessThanOrEqual(3_600_000);
    for (const shard of shards) {
      shard.close();
    }
  });

  it('is the same when a unit is written again, and counts keys that are there twice', async () => {
    const sink = await connectSink(sinkConfig(redis.address), sinkRun({ id: 'r1' }));
    const twice = `${users(0, 100)} UNION ALL SELECT 'user-7', 999 UNION ALL SELECT NULL, 1`;
    for (const unit of ['0-0', '0-0', '0-1']) {
      expect(await sink.writeUnit(await parquetFile(twice), unit)).toEqual({ rows: 102, withoutKey: 1 });
    }
    await expect(sink.complete(203)).rejects.toThrow(/204 of 203 rows/);
    expect(await sink.complete(204)).toBe('current');
    expect((await pointer()).current).toMatchObject({ rows: 100, duplicates: 102, withoutKey: 2 });
    // The last row of a unit counts.
    expect(await row('user-7')).toBe('[999]');
    sink.close();
  });

  it('keeps numbers, texts and lists as they are', async () => {
    const query = `SELECT 9007199254740993 AS "user", 0.1::FLOAT AS a, 0.1::DOUBLE AS b, 9007199254740993::BIGINT AS c, true AS d,
      'é"\\' AS e, ['x', 'y'] AS f, [1.5, 2.5]::FLOAT[2] AS g, 'nan'::FLOAT AS h, DATE '2026-11-01' AS i, NULL::VARCHAR AS j`;
    const columns = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
    await writeRun(sinkConfig(redis.address, { columns }), sinkRun({ id: 'r1' }), query);
    expect(await row('9007199254740993')).toBe(
      '[0.1,0.1,9007199254740993,true,"é\\"\\\\",["x","y"],[1.5,2.5],"NaN","2026-11-01",""]',
    );
    expect((await pointer()).current.columns.map(({ datatype, shape }) => `${datatype}${shape}`)).toEqual([
      'FP32',
      'FP64',
      'INT64',
      'BOOL',
      'BYTES',
      'BYTES2',
      'FP322',
      'FP32',
      'BYTES',
      'BYTES',
    ]);
  });

  it.each([
    ['lists of different lengths', `SELECT 'u' || i AS "user", range(i) AS score FROM range(1, 3) t(i)`],
    ['integers that are missing', `SELECT 'u' AS "user", NULL::INTEGER AS score`],
    ['structures', `SELECT 'u' AS "user", [{a: 1}] AS score`],
    ['no such column', `SELECT 'u' AS "user", 1 AS other`],
  ])('refuses %s as bad input', async (_what, query) => {
    await expect(writeRun(sinkConfig(redis.address), sinkRun({ id: 'r1' }), query)).rejects.toMatchObject({
      exitCode: 42,
      message: expect.stringContaining("'score'"),
    });
  });

  it('becomes current only when it is newer, and leaves the run before to readers', async () => {
    const write = (id: string, time: number) =>
      writeRun(sinkConfig(redis.address), sinkRun({ id, time }), users(0, 10, `${time}`));
    expect(await write('second', 2000)).toBe('current');
    expect(await write('first', 1000)).toBe('superseded');
    expect(await write('third', 3000)).toBe('current');
    expect(await write('third', 3000)).toBe('current');
    const { current, previous } = await pointer();
    expect([current.run, previous?.run]).toEqual(['third', 'second']);
  });

  it('keeps the current run when a run has no rows', async () => {
    await writeRun(sinkConfig(redis.address), sinkRun({ id: 'r1', time: 1 }), users(0, 10));
    expect(await writeRun(sinkConfig(redis.address), sinkRun({ id: 'r2', time: 2 }), users(0, 0))).toBe('empty');
    expect((await pointer()).current.run).toBe('r1');
  });

  it('refuses to complete when the server has lost rows, and names the units that are left', async () => {
    const sink = await connectSink(sinkConfig(redis.address), sinkRun({ id: 'r1' }));
    await sink.writeUnit(await parquetFile(users(0, 1000)), '0-0');
    await redis.command('DEL', 'reco:run:r1:3');
    await expect(sink.complete(1000)).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/of 1000 keys/),
    });
    await redis.command('FLUSHALL');
    expect(await sink.writtenUnits()).toEqual(new Set());
    await sink.writeUnit(await parquetFile(users(0, 1000)), '0-0');
    expect(await sink.complete(1000)).toBe('current');
    sink.close();
  });

  it('refuses a run that another model began', async () => {
    (await connectSink(sinkConfig(redis.address), sinkRun({ id: 'r1' }))).close();
    const other = sinkRun({ id: 'r1', model: { name: 'ranker', version: '4', sha256: 'f'.repeat(64) } });
    await expect(connectSink(sinkConfig(redis.address), other)).rejects.toMatchObject({ exitCode: 43 });
  });

  it('stops when the server has no memory left, and the current run stays', async () => {
    await writeRun(sinkConfig(redis.address), sinkRun({ id: 'r1', time: 1 }), users(0, 100));
    const used = Number(/used_memory:(\d+)/.exec(String(await redis.command('INFO', 'memory')))?.[1]);
    await redis.command('CONFIG', 'SET', 'maxmemory', `${used + 1_000_000}`);
    try {
      const full = writeRun(
        sinkConfig(redis.address),
        sinkRun({ id: 'r2', time: 2, rows: 100_000 }),
        users(0, 100_000),
      );
      await expect(full).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining('maxmemory') });
      expect((await pointer()).current.run).toBe('r1');
    } finally {
      await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    }
  });

  it('says who is refused', async () => {
    const secret = await startRedisServer({ password: 'secret' });
    const passwordPath = join(DIRECTORY, 'password');
    const config = sinkConfig(secret.address, { passwordPath });
    writeFileSync(passwordPath, 'wrong\n');
    await expect(connectSink(config, sinkRun({ id: 'r1' }))).rejects.toMatchObject({ exitCode: 43 });
    writeFileSync(passwordPath, 'secret\n');
    (await connectSink(config, sinkRun({ id: 'r1' }))).close();
    await secret.command('ACL', 'SETUSER', 'default', '-hsetnx');
    await expect(connectSink(config, sinkRun({ id: 'r1' }))).rejects.toMatchObject({
      exitCode: 43,
      message: expect.stringContaining('HSETNX'),
    });
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  describeWith(
    'a server in protected mode',
    { what: 'a network beside the loopback', present: outside !== undefined },
    () => {
      it('says at once that a server takes nobody from other machines', async () => {
        const { port } = await startRedisServer({ settings: ['--bind', '0.0.0.0', '--protected-mode', 'yes'] });
        await expect(connectSink(sinkConfig(`${outside}:${port}`), sinkRun({ id: 'r1' }))).rejects.toMatchObject({
          exitCode: 43,
          message: expect.stringContaining('protected-mode'),
        });
      });
    },
  );

  it('waits for a replica to become the primary, and says when it does not', async () => {
    const replica = await startRedisServer();
    await replica.command('REPLICAOF', '127.0.0.1', `${redis.port}`);
    await eventually('it follows', async () =>
      String(await replica.command('INFO', 'replication')).includes('status:up'),
    );
    const failure = connectSink(sinkConfig(replica.address), sinkRun({ id: 'r1' }), 1000);
    await expect(failure).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining('replica') });
    const promoted = connectSink(sinkConfig(replica.address), sinkRun({ id: 'r1' }));
    await replica.command('REPLICAOF', 'NO', 'ONE');
    (await promoted).close();
  });

  it('gives a server up that is not there', async () => {
    const nowhere = connectSink(sinkConfig(`127.0.0.1:${await freePort()}`), sinkRun({ id: 'r1' }), 500);
    await expect(nowhere).rejects.toMatchObject({ exitCode: 1 });
  });

  describe('while it is written', () => {
    const rows = 80_000;
    let sink: RedisSink;
    let file: string;

    beforeAll(async () => {
      file = await parquetFile(users(0, rows));
    });

    afterEach(() => sink.close());

    /** Resolves when some of the rows are there. */
    const begun = () =>
      eventually('rows are written', async () => Number(await redis.command('HGET', 'reco:run:r1', 'rows')) > 1000);

    it('connections are reset: every row is there once', async () => {
      const proxy = await startFaultProxy(redis.port);
      sink = await connectSink(sinkConfig(proxy.address), sinkRun({ id: 'r1', rows }));
      const written = sink.writeUnit(file, '0-0');
      await begun();
      proxy.reset();
      expect(await written).toEqual({ rows, withoutKey: 0 });
      expect(await sink.complete(rows)).toBe('current');
    });

    it('the server stands still: it goes on', async () => {
      sink = await connectSink(sinkConfig(redis.address), sinkRun({ id: 'r1', rows }));
      const written = sink.writeUnit(file, '0-0');
      await begun();
      redis.freeze(true);
      await new Promise((resolve) => setTimeout(resolve, 300));
      redis.freeze(false);
      await written;
      expect(await sink.complete(rows)).toBe('current');
    });

    it('the server is killed and comes back empty: every row is there once', async () => {
      sink = await connectSink(sinkConfig(redis.address), sinkRun({ id: 'r1', rows }));
      const written = sink.writeUnit(file, '0-0');
      await begun();
      await redis.kill();
      await redis.restart();
      expect(await written).toEqual({ rows, withoutKey: 0 });
      expect(await sink.complete(rows)).toBe('current');
      expect((await pointer()).current).toMatchObject({ rows, duplicates: 0 });
    });
  });
});

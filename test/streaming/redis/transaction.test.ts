import { RedisStreamSource, sameRedis } from '../../../runtime/src/streaming/redis';
import { eventually } from '../../support/eventually';
import { startFaultProxy } from '../../support/fault-proxy';
import { REDIS_SERVER, type RedisServer, startRedisServer } from '../../support/redis-server';
import { describeWith } from '../../support/requires';
import { produced, take, testContext } from '../support';
import { add, entries, joined, pending, sinkConfig, sourceConfig, transaction } from './support';

const noRefusal = () => {
  throw new Error('nothing is refused');
};

describeWith('delivery inside one Redis', REDIS_SERVER, () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer();
  });

  beforeEach(() => redis.command('FLUSHALL'));

  it('writes outputs and dead letters, and acknowledges', async () => {
    const source = await joined(sourceConfig(redis.address));
    const delivery = await transaction(source);
    await add(redis, 'a', 'bad', 'c');
    const events = await take(source, 3);
    const bytes = Buffer.from([0, 255, 13, 10]);
    const outputs = [
      produced('A', 0, {
        key: Buffer.from('k'),
        headers: [
          ['h', bytes],
          ['value', Buffer.from('not the value')],
        ],
      }),
      produced('C', 2),
    ];
    expect(await delivery.deliver({ events, outputs, deadLetters: [produced('bad', 1)] }, noRefusal)).toBe(0);
    expect(await redis.command('XRANGE', 'out', '-', '+')).toMatchObject([
      [expect.any(String), ['value', 'A', 'key', 'k', 'h', expect.any(String)]],
      [expect.any(String), ['value', 'C']],
    ]);
    expect(
      await redis.command('EVAL', "return redis.call('XRANGE','out','-','+')[1][2][6] == '\\0\\255\\13\\10'", '0'),
    ).toBe(1);
    expect(await entries(redis, 'dead')).toEqual(['bad']);
    expect(await pending(redis)).toEqual([]);
  });

  it('keeps about the declared number of entries', async () => {
    const source = await joined(sourceConfig(redis.address));
    const delivery = await transaction(source, sinkConfig(redis.address, { maxLength: 100 }));
    await add(redis, 'a');
    const events = await take(source, 1);
    const outputs = Array.from({ length: 250 }, (_, index) => produced(`${index}`));
    await delivery.deliver({ events, outputs, deadLetters: [] }, noRefusal);
    expect((await entries(redis)).length).toBeLessThan(250);
    expect((await entries(redis)).at(-1)).toBe('249');
  });

  it('writes once what a paused consumer and the one that took over both deliver', async () => {
    const config = sourceConfig(redis.address, { claimIdleMillis: 1_000_000 });
    const frozen = await joined(config, 'pod-0');
    await add(redis, 'a', 'b');
    const held = await take(frozen, 2);
    const other = await joined({ ...config, claimIdleMillis: 1 }, 'pod-1');
    const taken = await take(other, 2);
    const first = await transaction(other);
    const second = await transaction(frozen);
    await first.deliver({ events: taken.slice(0, 1), outputs: [produced('A', 0)], deadLetters: [] }, noRefusal);
    const late = { events: held, outputs: [produced('A', 0), produced('B', 1)], deadLetters: [] };
    await second.deliver(late, noRefusal);
    await first.deliver({ events: taken.slice(1), outputs: [produced('B', 0)], deadLetters: [] }, noRefusal);
    expect(await entries(redis)).toEqual(['A', 'B']);
    expect(await pending(redis)).toEqual([]);
  });

  it('writes once what is sent again because the reply was lost', async () => {
    const proxy = await startFaultProxy(redis.port);
    const source = new RedisStreamSource(sourceConfig(proxy.address), testContext());
    await source.start();
    const delivery = await transaction(source);
    await add(redis, 'a');
    const events = await take(source, 1);
    proxy.faults.delayMillis = 2000; // the server does it, and the reply does not come
    const delivered = delivery.deliver({ events, outputs: [produced('A')], deadLetters: [] }, noRefusal);
    await eventually('the server has done it', async () => (await entries(redis)).length === 1);
    proxy.faults.delayMillis = 0;
    proxy.reset();
    await delivered;
    expect(await entries(redis)).toEqual(['A']);
    await source.stop();
  });

  it('writes nothing while the server has no memory left, and then everything', async () => {
    const source = await joined(sourceConfig(redis.address));
    const delivery = await transaction(source);
    await add(redis, 'a', 'b');
    const events = await take(source, 2);
    await redis.command('CONFIG', 'SET', 'maxmemory', '1mb');
    const delivered = delivery.deliver(
      { events, outputs: [produced('A', 0), produced('B', 1)], deadLetters: [] },
      noRefusal,
    );
    await eventually('it is refused', async () =>
      String(await redis.command('INFO', 'errorstats')).includes('errorstat_OOM'),
    );
    expect(await redis.command('EXISTS', 'out')).toBe(0);
    expect(await pending(redis)).toHaveLength(2);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await delivered;
    expect(await entries(redis)).toEqual(['A', 'B']);
    expect(await pending(redis)).toEqual([]);
  });

  it('writes nothing of a micro-batch when one of its streams is none', async () => {
    const source = await joined(sourceConfig(redis.address));
    const delivery = await transaction(source);
    await add(redis, 'a', 'b');
    const events = await take(source, 2);
    await redis.command('SET', 'dead', 'text');
    const delivered = delivery.deliver(
      { events, outputs: [produced('A', 0)], deadLetters: [produced('b', 1)] },
      noRefusal,
    );
    await eventually('it is refused', async () =>
      String(await redis.command('INFO', 'errorstats')).includes('errorstat_WRONGTYPE'),
    );
    expect(await entries(redis)).toEqual([]);
    await redis.command('DEL', 'dead');
    await delivered;
    expect(await entries(redis)).toEqual(['A']);
    expect(await entries(redis, 'dead')).toEqual(['b']);
  });

  it('makes a dead letter of an output that has too many headers', async () => {
    const source = await joined(sourceConfig(redis.address));
    const delivery = await transaction(source);
    await add(redis, 'a');
    const events = await take(source, 1);
    const headers = Array.from({ length: 3000 }, (_, index) => [`h${index}`, Buffer.from('x')] as const);
    const refused = jest.fn(() => produced('dead', 0));
    expect(await delivery.deliver({ events, outputs: [produced('A', 0, { headers })], deadLetters: [] }, refused)).toBe(
      1,
    );
    expect(refused).toHaveBeenCalledWith(0, expect.objectContaining({ errorClass: 'encode' }));
    expect(await entries(redis)).toEqual([]);
    expect(await entries(redis, 'dead')).toEqual(['dead']);
  });

  it('is for streams of the same database and user alone', () => {
    const source = sourceConfig('redis:6379', { username: 'scorer' });
    const sink = sinkConfig('redis:6379', { username: 'scorer' });
    expect(sameRedis(source, { ...sink, database: 0 })).toBe(true);
    for (const more of [{ address: 'other:6379' }, { database: 1 }, { username: 'else' }, { tls: {} }]) {
      expect(sameRedis(source, { ...sink, ...more })).toBe(false);
    }
    expect(sameRedis(source, { type: 'nats', servers: 'nats://redis:6379', subject: 'out' })).toBe(false);
  });
});

import { RedisStreamSource } from '../../../runtime/src/streaming/redis';
import { eventually } from '../../support/eventually';
import { startFaultProxy } from '../../support/fault-proxy';
import { REDIS_SERVER, type RedisServer, startRedisServer } from '../../support/redis-server';
import { describeWith } from '../../support/requires';
import { AT_ONCE, take, testContext, values } from '../support';
import { add, consumers, joined, pending, sourceConfig } from './support';

const never = new AbortController().signal;

describeWith('a Redis stream as a source', REDIS_SERVER, () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer();
  });

  beforeEach(() => redis.command('FLUSHALL'));

  it('makes the group, and gives value, key, headers, time and position as they are', async () => {
    const source = await joined(sourceConfig(redis.address));
    const id = await redis.command('XADD', 'in', '1700000000000-7', 'value', '\u0000é', 'trace', 'abc', 'key', 'k');
    const [event] = await take(source, 1);
    expect(id).toBe('1700000000000-7');
    expect(event).toMatchObject({
      value: Buffer.from('\u0000é'),
      key: Buffer.from('k'),
      headers: [['trace', Buffer.from('abc')]],
      timestampMillis: 1_700_000_000_000,
      partition: 0,
      position: 'in/1700000000000-7',
      deliveries: 1,
    });
  });

  it('begins at the end of the stream where that is declared, and then where the group is', async () => {
    await add(redis, 'old');
    const source = await joined(sourceConfig(redis.address, { startAt: 'latest' }));
    await add(redis, 'new');
    const events = await take(source, 1);
    expect(values(events)).toEqual(['new']);
    await source.acknowledge(events);
    await source.stop();
    await add(redis, 'newer');
    expect(values(await take(await joined(sourceConfig(redis.address, { startAt: 'latest' })), 1))).toEqual(['newer']);
  });

  it('gives micro-batches of the declared rows, bytes and delay', async () => {
    await add(redis, ...Array.from({ length: 10 }, (_, index) => `value-${index}`));
    const source = await joined(sourceConfig(redis.address));
    expect(await source.next({ ...AT_ONCE, maxRows: 4 }, never)).toHaveLength(4);
    expect(await source.next({ ...AT_ONCE, maxRows: 4, maxBytes: 16 }, never)).toHaveLength(2);
    expect(await source.next({ ...AT_ONCE, maxRows: 4, maxBytes: 1 }, never)).toHaveLength(1);
    const waited = source.next({ ...AT_ONCE, maxDelayMillis: 10_000, maxRows: 4 }, never);
    await eventually('the rest is read', async () => (await pending(redis)).length === 10);
    await add(redis, 'last');
    expect(values(await waited)).toEqual(['value-7', 'value-8', 'value-9', 'last']);
    expect(await source.next(AT_ONCE, never)).toEqual([]);
    const stopping = new AbortController();
    const rest = source.next({ ...AT_ONCE, maxDelayMillis: 60_000 }, stopping.signal);
    await add(redis, 'rest');
    await eventually('the rest is read', async () => (await pending(redis)).length === 12);
    stopping.abort();
    // What came before the signal is not forgotten, whether this call or the next one gives it.
    const given = await rest;
    expect(values(given.length > 0 ? given : await take(source, 1))).toEqual(['rest']);
  });

  it('takes nothing while paused', async () => {
    const source = await joined(sourceConfig(redis.address));
    source.pause();
    await add(redis, 'a');
    expect(await source.next(AT_ONCE, never)).toEqual([]);
    expect(await pending(redis)).toEqual([]);
    source.resume();
    expect(values(await take(source, 1))).toEqual(['a']);
  });

  it('gives a restarted consumer its own pending entries first, and counts deliveries', async () => {
    const first = await joined(sourceConfig(redis.address));
    await add(redis, 'a', 'b', 'c');
    const events = await take(first, 3);
    await first.acknowledge(events.slice(0, 1));
    first.connection.close(); // as if it were killed
    await add(redis, 'd');
    const second = await joined(sourceConfig(redis.address));
    const again = await second.next(AT_ONCE, never);
    expect(values(again)).toEqual(['b', 'c']);
    expect(again.map(({ deliveries }) => deliveries)).toEqual([2, 2]);
    await second.acknowledge(again);
    expect(values(await take(second, 1))).toEqual(['d']);
  });

  it('takes over what a killed consumer has left, in groups that are smaller with each delivery', async () => {
    const config = sourceConfig(redis.address, { claimIdleMillis: 200, maxDeliveries: 3 });
    const dead = await joined(config, 'pod-0');
    await add(redis, 'a', 'b', 'c', 'd', 'e', 'f');
    await take(dead, 6);
    await redis.command(
      'XCLAIM',
      'in',
      'g',
      'pod-0',
      '0',
      ...(await pending(redis)).slice(4).map(({ id }) => id),
      'RETRYCOUNT',
      '2',
    );
    await dead.stop();
    const source = await joined(config, 'pod-1');
    const sizes: number[] = [];
    const counts: (number | undefined)[] = [];
    await eventually('all are taken over', async () => {
      const events = await source.next({ ...AT_ONCE, maxRows: 8 }, never);
      sizes.push(...(events.length > 0 ? [events.length] : []));
      counts.push(...events.map(({ deliveries }) => deliveries));
      await source.acknowledge(events);
      return counts.length === 6;
    });
    // Two of a micro-batch of eight at the second delivery; the last try is alone.
    expect(sizes).toEqual([2, 2, 1, 1]);
    expect(counts).toEqual([2, 2, 2, 2, 3, 3]);
    expect(await pending(redis)).toEqual([]);
  });

  it('hands on nothing else while redelivered entries are not done', async () => {
    const first = await joined(sourceConfig(redis.address));
    await add(redis, 'a');
    await take(first, 1);
    first.connection.close();
    await add(redis, 'b');
    const second = await joined(sourceConfig(redis.address));
    const again = await take(second, 1);
    expect(await second.next(AT_ONCE, never)).toEqual([]);
    await second.acknowledge(again);
    expect(values(await take(second, 1))).toEqual(['b']);
  });

  it('keeps entries that it works on, however long that takes', async () => {
    const config = sourceConfig(redis.address, { claimIdleMillis: 300 });
    const slow = await joined(config, 'pod-0');
    await add(redis, 'a');
    const [event] = await take(slow, 1);
    const other = await joined(config, 'pod-1');
    const end = performance.now() + 1500;
    while (performance.now() < end) {
      expect(await other.next(AT_ONCE, never)).toEqual([]);
    }
    expect(await pending(redis)).toMatchObject([{ consumer: 'pod-0', deliveries: 1 }]);
    await slow.acknowledge([event]);
    expect(await pending(redis)).toEqual([]);
  });

  it('gives back what it has not handed on, and removes its consumer when nothing is pending', async () => {
    const config = sourceConfig(redis.address);
    const first = await joined(config, 'pod-0');
    await add(redis, 'a', 'b');
    const [event] = await first.next({ ...AT_ONCE, maxBytes: 1 }, never);
    await first.acknowledge([event]);
    await first.stop();
    expect(await consumers(redis)).toEqual(['pod-0']); // one entry is pending for it
    const second = await joined(config, 'pod-1');
    const rest = await take(second, 1);
    expect(values(rest)).toEqual(['b']);
    expect(rest[0].deliveries).toBe(1); // nobody has tried it
    await second.acknowledge(rest);
    await second.stop();
    expect(await consumers(redis)).toEqual(['pod-0']);
  });

  it('passes over pending entries that were deleted from the stream', async () => {
    const first = await joined(sourceConfig(redis.address));
    await add(redis, 'a', 'b');
    await take(first, 2);
    first.connection.close();
    await redis.command('XTRIM', 'in', 'MAXLEN', '1');
    const second = await joined(sourceConfig(redis.address));
    const events = await take(second, 1);
    expect(values(events)).toEqual(['b']);
    await second.acknowledge(events);
    expect(await pending(redis)).toEqual([]);
  });

  it('counts what is not acknowledged, also where the server does not know', async () => {
    const source = await joined(sourceConfig(redis.address));
    await add(redis, 'a', 'b', 'c', 'd');
    expect(await source.lag()).toEqual(new Map([[0, 4]]));
    const events = await source.next({ ...AT_ONCE, maxRows: 2 }, never);
    expect(await source.lag()).toEqual(new Map([[0, 4]]));
    await source.acknowledge(events);
    expect(await source.lag()).toEqual(new Map([[0, 2]]));
    const [[id]] = (await redis.command('XREVRANGE', 'in', '+', '-', 'COUNT', '1')) as [[string]];
    await add(redis, 'e');
    await redis.command('XDEL', 'in', id); // now its lag is unknown to the server
    expect(await source.lag()).toEqual(new Map([[0, 2]]));
    await redis.command(
      'EVAL',
      "for i = 1, 3000 do redis.call('XADD', 'in', (9e12 + i) .. '-0', 'value', 'x') end",
      '0',
    );
    await redis.command('XDEL', 'in', '9000000000001-0');
    // What is read is the first of a long time: nearly all are unread.
    const lag = (await source.lag()).get(0);
    expect(lag).toBeGreaterThan(2900);
    expect(lag).toBeLessThan(3010);
  });

  it('loses nothing when the connection breaks with a reply in it, and counts the fault', async () => {
    const proxy = await startFaultProxy(redis.port);
    const context = testContext();
    const source = new RedisStreamSource(sourceConfig(proxy.address), context);
    await source.start();
    const waiting = source.next(AT_ONCE, never);
    await eventually('it waits for entries', async () =>
      String(await redis.command('INFO', 'clients')).includes('blocked_clients:1'),
    );
    proxy.faults.blackHole = true;
    await add(redis, 'a');
    await eventually('the entry is on its way', async () => (await pending(redis)).length === 1);
    proxy.reset();
    proxy.faults.blackHole = false;
    const events = await waiting;
    expect(values(events.length > 0 ? events : await take(source, 1))).toEqual(['a']);
    expect(context.faults.length).toBeGreaterThan(0);
    await source.stop();
  });

  it('goes on with the server when that comes back without its data', async () => {
    const source = await joined(sourceConfig(redis.address));
    await add(redis, 'a');
    await source.acknowledge(await take(source, 1));
    await redis.restart();
    await add(redis, 'b', 'c');
    expect(values(await take(source, 2))).toEqual(['b', 'c']);
  });
});

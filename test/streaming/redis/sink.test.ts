import { eventually } from '../../support/eventually';
import { startFaultProxy } from '../../support/fault-proxy';
import { REDIS_SERVER, type RedisServer, startRedisServer } from '../../support/redis-server';
import { describeWith } from '../../support/requires';
import { produced, testContext } from '../support';
import { entries, opened, sinkConfig } from './support';

describeWith('a Redis stream as a sink', REDIS_SERVER, () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer({ settings: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  });

  beforeEach(() => redis.command('FLUSHALL'));

  it('adds entries in the order of calls', async () => {
    const sink = await opened(sinkConfig(redis.address));
    const sent = ['a', 'b', 'c'].map((value) => sink.send([produced(`${value}1`), produced(`${value}2`)]));
    expect(await Promise.all(sent)).toEqual([[], [], []]);
    expect(await entries(redis)).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
  });

  it('waits while the server has no memory left; order stays, and all is there in the end', async () => {
    const context = testContext();
    const sink = await opened(sinkConfig(redis.address), context);
    await sink.send([produced('a')]);
    await redis.command('CONFIG', 'SET', 'maxmemory', '1mb');
    const sent = Promise.all([sink.send([produced('b'), produced('c')]), sink.send([produced('d')])]);
    await eventually('it was refused', () => context.faults.length > 1);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await sent;
    expect(await entries(redis)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('waits for a server that is restarted, and for one that does not answer', async () => {
    const proxy = await startFaultProxy(redis.port);
    const context = testContext();
    const sink = await opened(sinkConfig(proxy.address), context);
    await redis.kill();
    const sent = sink.send([produced('a')]);
    await eventually('it failed', () => context.faults.length > 0);
    await redis.restart();
    await sent;
    proxy.faults.blackHole = true;
    const before = proxy.connections();
    const stuck = sink.send([produced('b')]);
    await eventually('the connection was given up', () => proxy.connections() > before);
    proxy.faults.blackHole = false;
    await stuck;
    expect(await entries(redis)).toEqual(['a', 'b']);
  });

  it('says which event it will never take', async () => {
    const sink = await opened(sinkConfig(redis.address));
    const headers = Array.from({ length: 3000 }, (_, index) => [`h${index}`, Buffer.from('x')] as const);
    const refusals = await sink.send([produced('a'), produced('b', 1, { headers }), produced('c')]);
    expect(refusals).toEqual([undefined, expect.objectContaining({ errorClass: 'encode' }), undefined]);
    expect(await entries(redis)).toEqual(['a', 'c']);
  });
});

import type { RedisStreamSinkConfig, RedisStreamSourceConfig } from '../../../runtime/src/contract';
import { RedisStreamSink, RedisStreamSource, RedisTransaction } from '../../../runtime/src/streaming/redis';
import type { RedisServer } from '../../support/redis-server';
import { testContext } from '../support';

/** A source on the stream `in` of the group `g`. */
export function sourceConfig(address: string, more: Partial<RedisStreamSourceConfig> = {}): RedisStreamSourceConfig {
  return {
    type: 'redis-stream',
    address,
    stream: 'in',
    group: 'g',
    startAt: 'earliest',
    valueField: 'value',
    keyField: 'key',
    claimIdleMillis: 60_000,
    maxDeliveries: 5,
    ...more,
  };
}

/** A sink on the stream `out`. */
export function sinkConfig(address: string, more: Partial<RedisStreamSinkConfig> = {}): RedisStreamSinkConfig {
  return { type: 'redis-stream', address, stream: 'out', valueField: 'value', keyField: 'key', ...more };
}

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** A source that has joined, and leaves when the test ends. */
export async function joined(config: RedisStreamSourceConfig, member = 'pod-0'): Promise<RedisStreamSource> {
  const source = new RedisStreamSource(config, testContext(member));
  stops.push(() => source.stop());
  await source.start();
  return source;
}

/** A started sink, which is stopped when the test ends. */
export async function opened(config: RedisStreamSinkConfig, context = testContext()): Promise<RedisStreamSink> {
  const sink = new RedisStreamSink(config, context);
  stops.push(() => sink.stop());
  await sink.start();
  return sink;
}

/** Delivery from a source to the streams `out` and `dead` of the same server. */
export async function transaction(source: RedisStreamSource, out = sinkConfig(source.config.address)) {
  const dead = sinkConfig(source.config.address, { stream: 'dead' });
  const delivery = new RedisTransaction(
    source,
    new RedisStreamSink(out, testContext()),
    new RedisStreamSink(dead, testContext()),
  );
  await delivery.start();
  return delivery;
}

/** Adds events with these values. */
export async function add(redis: RedisServer, ...values: string[]): Promise<void> {
  for (const value of values) {
    await redis.command('XADD', 'in', '*', 'value', value);
  }
}

/** Values of all entries of a stream. */
export async function entries(redis: RedisServer, stream = 'out'): Promise<string[]> {
  const found = (await redis.command('XRANGE', stream, '-', '+')) as [string, string[]][];
  return found.map(([, fields]) => fields[fields.indexOf('value') + 1]);
}

/** Ids, consumers and deliveries of pending entries. */
export async function pending(redis: RedisServer): Promise<{ id: string; consumer: string; deliveries: number }[]> {
  const found = (await redis.command('XPENDING', 'in', 'g', '-', '+', '1000')) as [string, string, number, number][];
  return found.map(([id, consumer, , deliveries]) => ({ id, consumer, deliveries }));
}

/** Names of the consumers of the group. */
export async function consumers(redis: RedisServer): Promise<string[]> {
  const found = (await redis.command('XINFO', 'CONSUMERS', 'in', 'g')) as unknown[][];
  return found.map((fields) => String(fields[1]));
}

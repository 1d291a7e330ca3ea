import { jetstream } from '@nats-io/jetstream';
import { createClient } from '@redis/client';
import { startNatsServer } from '../../test/services/nats';
import { startRedisServer } from '../../test/support/redis-server';
import type { Places } from './consumers';

/** Events that are on their way at a time, while they are filled in. */
const PART = 1000;

/** A broker that is measured: one stream of events, one of outputs. */
export interface BenchQueue {
  /** Writes events `0` to `events - 1`. */
  fill(events: number, textOf: (id: number) => string): Promise<void>;

  /** Removes the outputs. */
  empty(): Promise<void>;
  outputs(): Promise<number>;

  /** Milliseconds from the first output to the last. */
  millis(): Promise<number>;
  places(group: string): Places;

  /** What the loop in Python is told, after the model. */
  loop(group: string): string[];
}

/** A Redis server, with all in memory. */
export async function redisBroker(): Promise<BenchQueue> {
  const { address, port, command } = await startRedisServer();
  const stream = { type: 'redis-stream' as const, address, valueField: 'value' };
  const timeOf = async (order: 'XRANGE' | 'XREVRANGE', from: string, to: string) => {
    const [[id]] = (await command(order, 'predictions', from, to, 'COUNT', '1')) as [[string]];
    return Number.parseInt(id, 10);
  };
  return {
    fill: async (events, textOf) => {
      const client = createClient({ RESP: 2, socket: { port } });
      await client.connect();
      await inParts(events, (id) => client.sendCommand(['XADD', 'events', '*', 'value', textOf(id)]));
      client.destroy();
    },
    empty: async () => {
      await command('DEL', 'predictions');
    },
    outputs: async () => Number(await command('XLEN', 'predictions')),
    millis: async () => (await timeOf('XREVRANGE', '+', '-')) - (await timeOf('XRANGE', '-', '+')),
    places: (group) => ({
      source: {
        ...stream,
        stream: 'events',
        group,
        startAt: 'earliest',
        claimIdleMillis: 60_000,
        maxDeliveries: 5,
      },
      sink: { ...stream, stream: 'predictions' },
      deadLetter: { ...stream, stream: 'dead-letters' },
    }),
    loop: (group) => [`${port}`, 'events', 'predictions', group],
  };
}

/** A NATS server, with streams in files. */
export async function natsBroker(): Promise<BenchQueue> {
  const { manager, nats, url, stream } = await startNatsServer();
  await stream('EVENTS', ['events']);
  await stream('PREDICTIONS', ['predictions']);
  await stream('DEAD', ['dead-letters']);
  const state = async () => (await manager.streams.info('PREDICTIONS')).state;
  return {
    fill: (events, textOf) => {
      const client = jetstream(nats);
      return inParts(events, (id) => client.publish('events', textOf(id)));
    },
    empty: async () => {
      await stream('PREDICTIONS', ['predictions']);
    },
    outputs: async () => (await state()).messages,
    millis: async () => {
      const { first_ts, last_ts } = await state();
      return Date.parse(last_ts) - Date.parse(first_ts);
    },
    places: (group) => ({
      source: {
        type: 'nats',
        servers: url,
        stream: 'EVENTS',
        consumer: group,
        startAt: 'earliest',
        ackWaitMillis: 60_000,
        maxDeliveries: 5,
        maxAckPending: 10_000,
      },
      sink: { type: 'nats', servers: url, subject: 'predictions' },
      deadLetter: { type: 'nats', servers: url, subject: 'dead-letters' },
    }),
    loop: (group) => [url, 'EVENTS', 'predictions', group],
  };
}

async function inParts(events: number, write: (id: number) => Promise<unknown>): Promise<void> {
  for (let part = 0; part < events; part += PART) {
    await Promise.all(Array.from({ length: Math.min(PART, events - part) }, (_, index) => write(part + index)));
  }
}

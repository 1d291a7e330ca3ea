import { createClient } from '@redis/client';
import { STREAM_HEADERS } from '../../../lib/contract';
import { startRedisServer } from '../../support/redis-server';
import { MAX_DELIVERIES, type Queue, TAKEN_OVER_MILLIS } from './queue';

/** Entries of one round trip. */
const PART = 1000;

/** A Redis server that writes everything to disk before it answers. */
export async function redisQueue(): Promise<Queue> {
  const server = await startRedisServer({ settings: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const { address, port } = server;
  /** A connection for a few commands: the server may be another process the next time. */
  const use = async <T>(run: (send: (...command: string[]) => Promise<unknown>) => Promise<T>): Promise<T> => {
    const client = createClient({ RESP: 2, socket: { host: '127.0.0.1', port, reconnectStrategy: false } });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await run((...command) => client.sendCommand(command));
    } finally {
      client.destroy();
    }
  };
  const stream = { type: 'redis-stream' as const, address, valueField: 'value' };
  return {
    source: {
      ...stream,
      stream: 'events',
      group: 'scorers',
      startAt: 'earliest',
      claimIdleMillis: TAKEN_OVER_MILLIS,
      maxDeliveries: MAX_DELIVERIES,
    },
    sink: { ...stream, stream: 'predictions' },
    deadLetter: { ...stream, stream: 'dead-letters' },
    produce: (from, to, textOf) =>
      use(async (send) => {
        for (let part = from; part < to; part += PART) {
          const ids = Array.from({ length: Math.min(PART, to - part) }, (_, index) => part + index);
          await Promise.all(ids.map((id) => send('XADD', 'events', `${id + 1}-0`, 'value', textOf(id))));
        }
      }),
    outputs: () => use(async (send) => Number(await send('XLEN', 'predictions'))),
    lag: () =>
      use(async (send) => {
        const [group] = (await send('XINFO', 'GROUPS', 'events').catch(() => [])) as unknown[][];
        const of = (name: string) => group?.[group.indexOf(name) + 1];
        // Entries have their numbers as ids. (What the server says of the lag is not known any more after a restart.)
        const read = group === undefined ? 0 : Number.parseInt(String(of('last-delivered-id')), 10);
        return Number(await send('XLEN', 'events')) - read + Number(of('pending') ?? 0);
      }),
    history: () =>
      use(async (send) => {
        const entries = (await send('XRANGE', 'predictions', '-', '+')) as [string, string[]][];
        return entries.map(([, fields]) => ({
          id: (JSON.parse(fields[fields.indexOf('value') + 1]) as { id: number }).id,
          eventId: fields[fields.indexOf(STREAM_HEADERS.eventId) + 1],
        }));
      }),
    deadLetters: () => use(async (send) => Number(await send('XLEN', 'dead-letters'))),
    restart: () => server.restart(),
    stop: () => server.kill(),
  };
}

import { jetstream } from '@nats-io/jetstream';
import { STREAM_HEADERS } from '../../../lib/contract';
import { startNatsServer } from '../../services/nats';
import { MAX_DELIVERIES, type Queue, TAKEN_OVER_MILLIS } from './queue';

/** Messages that wait for an answer at a time. */
const PART = 500;

/** A NATS server with streams in files. */
export async function natsQueue(): Promise<Queue> {
  const server = await startNatsServer();
  const { manager, nats, url: servers } = server;
  await server.stream('EVENTS', ['events']);
  await server.stream('PREDICTIONS', ['predictions']);
  await server.stream('DEAD', ['dead-letters']);
  const messages = async (stream: string) => (await manager.streams.info(stream)).state.messages;
  return {
    source: {
      type: 'nats',
      servers,
      stream: 'EVENTS',
      consumer: 'scorers',
      startAt: 'earliest',
      ackWaitMillis: TAKEN_OVER_MILLIS,
      maxDeliveries: MAX_DELIVERIES,
      maxAckPending: 10_000,
    },
    sink: { type: 'nats', servers, subject: 'predictions' },
    deadLetter: { type: 'nats', servers, subject: 'dead-letters' },
    produce: async (from, to, textOf) => {
      const client = jetstream(nats);
      for (let part = from; part < to; part += PART) {
        const ids = Array.from({ length: Math.min(PART, to - part) }, (_, index) => part + index);
        await Promise.all(ids.map((id) => client.publish('events', textOf(id), { msgID: `event-${id}` })));
      }
    },
    outputs: () => messages('PREDICTIONS'),
    lag: async () => {
      const info = await manager.consumers.info('EVENTS', 'scorers').catch(() => undefined);
      return info === undefined ? messages('EVENTS') : info.num_pending + info.num_ack_pending;
    },
    history: async () => {
      const consumer = await jetstream(nats).consumers.get('PREDICTIONS');
      const total = await messages('PREDICTIONS');
      const found: { id: number; eventId: string }[] = [];
      while (found.length < total) {
        for await (const message of await consumer.fetch({ max_messages: Math.min(5000, total - found.length) })) {
          found.push({
            id: message.json<{ id: number }>().id,
            eventId: message.headers?.get(STREAM_HEADERS.eventId) ?? '',
          });
        }
      }
      return found;
    },
    deadLetters: () => messages('DEAD'),
    restart: () => server.restart(),
    stop: async () => {
      await nats.close();
      await server.kill();
    },
  };
}

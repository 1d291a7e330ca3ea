import { STREAM_HEADERS } from '../../../lib/contract';
import { startKafka } from '../../services/kafka';
import type { FoundOutput, Queue } from './queue';

/** Topics of a consumer of Kafka, and its group. */
export const TOPICS = { input: 'events', output: 'predictions', deadLetter: 'dead-letters', group: 'scorers' };

const PARTITIONS = 4;

/** What a consumer of Kafka reads and writes. @param sessionMillis after which a member that is not heard of is gone */
export function kafkaPlaces(
  bootstrapServers: string,
  sessionMillis: number,
): Pick<Queue, 'source' | 'sink' | 'deadLetter'> {
  const sink = { type: 'kafka' as const, bootstrapServers, lingerMillis: 0, compression: 'none' };
  return {
    source: {
      type: 'kafka',
      bootstrapServers,
      topic: TOPICS.input,
      group: TOPICS.group,
      startAt: 'earliest',
      staticMembership: false,
      sessionTimeoutMillis: sessionMillis,
      maxPollIntervalMillis: 5 * sessionMillis,
    },
    sink: { ...sink, topic: TOPICS.output },
    deadLetter: { ...sink, topic: TOPICS.deadLetter },
  };
}

/** A Kafka broker, with the same questions as to the others; outputs are those that are committed. */
export async function kafkaQueue(sessionMillis: number): Promise<Queue> {
  const kafka = await startKafka();
  const { client } = kafka;
  const { input, output, deadLetter, group } = TOPICS;
  await client.createTopic(input, PARTITIONS);
  await client.createTopic(output, PARTITIONS);
  await client.createTopic(deadLetter, 1);
  const count = async (topic: string) => {
    let records = 0;
    await client.forEachRecord(topic, () => {
      records += 1;
    });
    return records;
  };
  return {
    ...kafkaPlaces(kafka.bootstrapServers, sessionMillis),
    produce: (from, to, textOf) =>
      client.produce(
        input,
        Array.from({ length: to - from }, (_, index) => ({ value: textOf(from + index), key: `key-${from + index}` })),
      ),
    outputs: () => count(output),
    lag: async () => (await client.size(input)) - (await client.committed(group, input)),
    history: async () => {
      const found: FoundOutput[] = [];
      await client.forEachRecord(output, ({ value, headers }) => {
        const { id } = JSON.parse(`${value}`) as { id: number };
        found.push({ id, eventId: headers[STREAM_HEADERS.eventId] ?? '' });
      });
      return found;
    },
    deadLetters: () => count(deadLetter),
    restart: () => kafka.restart(),
    stop: () => kafka.stop(),
  };
}

import { KafkaClient } from '../../test/services/kafka/client';
import type { KafkaRecordsCommand, KafkaWriteCommand, ReadRecord } from './command';

/** Writes records, at a pace, and waits until the broker has them all. */
export async function writeRecords({ servers, topic, records, perSecond }: KafkaWriteCommand): Promise<number> {
  const client = new KafkaClient(servers);
  try {
    const atOnce = Math.max(1, Math.round(perSecond / 10));
    for (let from = 0; from < records.length; from += atOnce) {
      await client.produce(
        topic,
        records.slice(from, from + atOnce).map(([key, value]) => ({ key, value })),
      );
      await new Promise((done) => setTimeout(done, 100));
    }
    return records.length;
  } finally {
    await client.close();
  }
}

/** All committed records of a topic, in the order of each partition. */
export async function readRecords({ servers, topic }: KafkaRecordsCommand): Promise<ReadRecord[]> {
  const client = new KafkaClient(servers);
  try {
    const records = await client.records(topic);
    return records.map(({ key = '', value, headers }) => ({ key, value: `${value}`, headers }));
  } finally {
    await client.close();
  }
}

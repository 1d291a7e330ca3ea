import type { Kafka } from '../../test/services/kafka';
import { type Contender, startContender } from './consumers';
import { fill, paced } from './events';
import { outputsOf, outputTopic, until } from './turn';

const SECONDS = 15;
/** Events before it are those of a process that has just started. */
const WARM_UP_SECONDS = 4;

/** Milliseconds from an event at its producer to its output in the broker. */
export async function latency(
  kafka: Kafka,
  contender: Contender,
  { perSecond, partitions }: { perSecond: number; partitions: number },
): Promise<{ p50: number; p99: number; perSecond: number }> {
  const output = await outputTopic(kafka, partitions);
  const [input, group] = [`${output}-input`, `${output}-group`];
  await kafka.client.createTopic(input, partitions);
  // It has joined its group when it has committed these.
  const first = 1000;
  await fill(kafka.bootstrapServers, input, { to: first });
  const consumer = await startContender(contender, { bootstrapServers: kafka.bootstrapServers, input, output, group });
  try {
    const committed = () => kafka.client.committed(group, input);
    await until(`${contender.name} has begun`, committed, first);
    const times = await paced(kafka.bootstrapServers, input, { perSecond, seconds: SECONDS });
    await until(`${contender.name} is done`, committed, first + times.length);
    // The first events have the same numbers: their outputs are older.
    const begin = times[0] ?? 0;
    const from = begin + WARM_UP_SECONDS * 1000;
    const outputs = (await outputsOf(kafka, output, contender)).filter(({ at }) => at >= begin);
    const millis = Float64Array.from(
      outputs.filter(({ id }) => (times[id] ?? 0) >= from),
      ({ id, at }) => at - (times[id] ?? 0),
    ).sort();
    const quantile = (share: number) => millis[Math.floor(share * (millis.length - 1))] ?? Number.NaN;
    return { p50: quantile(0.5), p99: quantile(0.99), perSecond };
  } finally {
    await consumer.stop();
    await kafka.client.deleteTopic(output);
    await kafka.client.deleteTopic(input);
  }
}

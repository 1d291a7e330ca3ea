import { setTimeout as wait } from 'node:timers/promises';
import type { Kafka } from '../../test/services/kafka';
import { type Contender, startContender } from './consumers';
import { fill, type PacedEvents, paced } from './events';
import { outputsOf, outputTopic, until } from './turn';

const SECONDS = 20;

/** It begins when the consumer has been no further behind than this for so long: not while the broker's compiler is at work. */
const CAUGHT_UP_MILLIS = 200;
const CALM_SECONDS = 5;
const MOST_WARM_UP_SECONDS = 90;
const LOOK_MILLIS = 100;

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
    const events = await paced(kafka.bootstrapServers, input, perSecond);
    await calm(events, async () => (await committed()) - first, perSecond);
    const from = Date.now();
    await wait(SECONDS * 1000);
    const end = Date.now();
    await events.stop();
    const { times } = events;
    await until(`${contender.name} is done`, committed, first + times.length);
    // The first events have the same numbers: their outputs are older.
    const outputs = (await outputsOf(kafka, output, contender)).filter(({ at }) => at >= (times[0] ?? 0));
    const millis = Float64Array.from(
      outputs.filter(({ id }) => (times[id] ?? 0) >= from && (times[id] ?? 0) < end),
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

/** Resolves when the consumer has kept up for a while; a consumer that cannot is measured as it is. */
async function calm(events: PacedEvents, done: () => Promise<number>, perSecond: number): Promise<void> {
  const end = performance.now() + MOST_WARM_UP_SECONDS * 1000;
  let since = performance.now();
  while (performance.now() < end && performance.now() - since < CALM_SECONDS * 1000) {
    const written = events.times.length;
    if ((await done()) < written - (CAUGHT_UP_MILLIS / 1000) * perSecond) {
      since = performance.now();
    }
    await wait(LOOK_MILLIS);
  }
}

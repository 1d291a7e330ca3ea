import { type Kafka, startKafka } from '../../test/services/kafka';
import { CONTENDERS, type Contender, startContender } from './consumers';
import { fill, residentMb } from './events';
import { outputTopic, until } from './turn';

const LOOK_MILLIS = 1000;
const STALL_SECONDS = 40;
/** Before it stops, the sink takes some; what comes later would fill some 300 MB of memory. */
const [BEFORE, LATER] = [100_000, 2_000_000];

const OURS = CONTENDERS['at-least-once'] as Contender;

/** Resident memory over many events, in MB: after each tenth of them, and the most. */
export async function memory(
  kafka: Kafka,
  events: number,
  partitions: number,
): Promise<{ tenths: readonly number[]; peak: number }> {
  const output = await outputTopic(kafka, partitions);
  const [input, group] = [`${output}-input`, `${output}-group`];
  await kafka.client.createTopic(input, partitions);
  await fill(kafka.bootstrapServers, input, { to: events });
  const consumer = await startContender(OURS, { bootstrapServers: kafka.bootstrapServers, input, output, group });
  const tenths: number[] = [];
  try {
    const done = async () => {
      const committed = await kafka.client.committed(group, input);
      if (committed >= (events / 10) * (tenths.length + 1)) {
        tenths.push(residentMb(consumer.pid).now);
      }
      return committed;
    };
    await until('all events are scored', done, events);
    return { tenths, peak: residentMb(consumer.pid).peak };
  } finally {
    await consumer.stop();
  }
}

/** Resident memory while the cluster of the sink stands still and events come, and whether all are written in the end. */
export async function stalledSink(
  kafka: Kafka,
  partitions: number,
): Promise<{ before: number; peak: number; complete: boolean }> {
  const sink = await startKafka();
  try {
    const output = await outputTopic(sink, partitions);
    const [input, group] = [`stalled-input`, `${output}-group`];
    await kafka.client.createTopic(input, partitions);
    await fill(kafka.bootstrapServers, input, { to: BEFORE });
    const { bootstrapServers } = kafka;
    const place = { bootstrapServers, outputServers: sink.bootstrapServers, input, output, group };
    const consumer = await startContender(OURS, place);
    try {
      const committed = () => kafka.client.committed(group, input);
      await until('the first events are written', committed, BEFORE);
      const before = residentMb(consumer.pid).now;
      sink.freeze(true);
      await fill(kafka.bootstrapServers, input, { from: BEFORE, to: BEFORE + LATER });
      let peak = before;
      for (let second = 0; second < STALL_SECONDS; second++) {
        await new Promise((done) => setTimeout(done, LOOK_MILLIS));
        peak = Math.max(peak, residentMb(consumer.pid).now);
      }
      sink.freeze(false);
      await until('the rest is written', committed, BEFORE + LATER);
      const ids = new Set<number>();
      await sink.client.forEachRecord(output, ({ value }) => ids.add(OURS.idOf(`${value}`)));
      return { before, peak, complete: ids.size === BEFORE + LATER };
    } finally {
      await consumer.stop();
    }
  } finally {
    await sink.stop();
  }
}

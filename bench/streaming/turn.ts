import type { Kafka } from '../../test/services/kafka';
import { type Contender, killContenders, type RunningConsumer, startContender, type Topics } from './consumers';
import { residentMb } from './events';

const { cpuMicros, treeOf } = require('../harness/process-tree') as {
  cpuMicros: (pids: number[]) => number;
  treeOf: (pid: number) => number[];
};

const LOOK_MILLIS = 100;
const STUCK_MILLIS = 60_000;

/** What one turn of one contender has given. */
export interface Turn {
  /** Events a second, from the first output to the last, by the broker's clock. */
  readonly perSecond: number;

  /** Microseconds of processor time for one event, the start included. */
  readonly cpuMicros: number;
  readonly peakMb: number;

  /** Outputs of events that were written before. */
  readonly duplicates: number;
}

/** An output, by the broker's clock. */
export interface Output {
  readonly id: number;
  readonly at: number;
}

let topics = 0;

/** Makes a topic for outputs whose times are the broker's, with one beside it for dead letters. */
export async function outputTopic(kafka: Kafka, partitions: number): Promise<string> {
  topics += 1;
  const name = `output-${topics}`;
  const config = { 'message.timestamp.type': 'LogAppendTime' };
  await kafka.client.createTopic(name, partitions, config);
  await kafka.client.createTopic(`${name}-dead`, 1);
  return name;
}

/** All outputs of a topic. */
export async function outputsOf(kafka: Kafka, topic: string, contender: Contender): Promise<Output[]> {
  const outputs: Output[] = [];
  await kafka.client.forEachRecord(topic, ({ value, timestampMillis }) => {
    const id = contender.idOf(`${value}`);
    if (id >= 0) {
      outputs.push({ id, at: timestampMillis });
    }
  });
  return outputs;
}

/** One turn: all events of a topic through a fresh process, into a fresh topic. */
export async function turn(
  kafka: Kafka,
  contender: Contender,
  { input, events, partitions }: { input: string; events: number; partitions: number },
): Promise<Turn> {
  const output = await outputTopic(kafka, partitions);
  const group = `${output}-group`;
  const { feed } = contender;
  const place: Topics = {
    bootstrapServers: kafka.bootstrapServers,
    input: feed === undefined ? input : `${output}-input`,
    output,
    group,
  };
  if (feed !== undefined) {
    await kafka.client.createTopic(place.input, partitions);
  }
  const consumer = await startContender(contender, place);
  try {
    await feed?.(kafka, place, events, partitions);
    const before = feed === undefined ? 0 : await notCounted(kafka, output, contender);
    const done = async () =>
      contender.commits ? kafka.client.committed(group, input) : (await kafka.client.size(output)) - before;
    await untilDone(contender.name, consumer, done, events);
    const cpu = cpuMicros(treeOf(consumer.pid));
    const { peak } = residentMb(consumer.pid);
    const outputs = await outputsOf(kafka, output, contender);
    const missing = events - new Set(outputs.map(({ id }) => id)).size;
    if (missing !== 0) {
      throw new Error(`${contender.name}: ${missing} of ${events} events have no output`);
    }
    return {
      perSecond: rateOf(outputs),
      cpuMicros: cpu / events,
      peakMb: peak,
      duplicates: outputs.length - events,
    };
  } finally {
    await consumer.stop();
    await kafka.client.deleteTopic(output);
  }
}

/** Outputs that are not counted. */
async function notCounted(kafka: Kafka, topic: string, contender: Contender): Promise<number> {
  let count = 0;
  await kafka.client.forEachRecord(topic, ({ value }) => {
    count += contender.idOf(`${value}`) < 0 ? 1 : 0;
  });
  return count;
}

/** Outputs after the first millisecond, by the time that they took. */
function rateOf(outputs: readonly Output[]): number {
  const times = Float64Array.from(outputs, ({ at }) => at).sort();
  const [first = 0] = times;
  const last = times.at(-1) ?? 0;
  const later = times.length - times.lastIndexOf(first) - 1;
  return (later / (last - first)) * 1000;
}

/** Waits until a consumer has done all events; fails when it ends before, or stands still. */
export async function untilDone(
  name: string,
  consumer: RunningConsumer,
  ask: () => Promise<number>,
  events: number,
): Promise<void> {
  const done = async () => {
    if (consumer.hasEnded) {
      throw new Error(`${name} has ended:\n${consumer.log()}`);
    }
    return ask();
  };
  await until(`${name} is done`, done, events);
}

/** Waits until a number has reached its end; fails when it stands still for a minute. */
export async function until(what: string, ask: () => Promise<number>, end: number): Promise<void> {
  let [best, since] = [-1, performance.now()];
  for (;;) {
    const now = await ask();
    if (now >= end) {
      return;
    }
    if (now > best) {
      [best, since] = [now, performance.now()];
    }
    if (performance.now() - since > STUCK_MILLIS) {
      throw new Error(`did not happen: ${what} (${best} of ${end})`);
    }
    await new Promise((done) => setTimeout(done, LOOK_MILLIS));
  }
}

process.once('SIGINT', () => {
  killContenders();
  process.exit(130);
});

import { readFileSync } from 'node:fs';
import { RdKafka } from '@confluentinc/kafka-javascript';

/** Fields of an event: ten numbers of three digits. */
const FIELDS = Array.from({ length: 10 }, (_, index) => `f${index}`);
const KEYS = 10_000;

/** Value of an event: about 110 bytes of JSON, the same for one number each time. */
export function eventOf(id: number): string {
  // Numbers that differ from event to event: the fraction of a multiple of an irrational number.
  const numbers = FIELDS.map((name, index) => `"${name}":${(((id * 10 + index) * 0.618034) % 1).toFixed(2)}`);
  return `{"id":${id},${numbers.join(',')}}`;
}

/** Key of an event. */
export function keyOf(id: number): string {
  return `k${id % KEYS}`;
}

/** The event as a request of protocol V2, for peers that take nothing else. */
export function requestOf(id: number): string {
  const { id: _, ...numbers } = JSON.parse(eventOf(id)) as Record<string, number>;
  const input = { name: 'input', datatype: 'FP32', shape: [1, 10], data: Object.values(numbers) };
  return JSON.stringify({ id: `${id}`, inputs: [input] });
}

/** Connects a producer that keeps order and does not say of each event when it is written. */
export async function connectProducer(
  bootstrapServers: string,
  lingerMillis: number,
): Promise<{ producer: RdKafka.Producer; close: () => Promise<void> }> {
  const producer = new RdKafka.Producer({
    'bootstrap.servers': bootstrapServers,
    'linger.ms': lingerMillis,
    'enable.idempotence': true,
    'queue.buffering.max.messages': 2_000_000,
    'queue.buffering.max.kbytes': 262_144,
    log_level: 0,
  });
  await new Promise<void>((done, failed) => {
    producer.connect({}, (error) => (error ? failed(error) : done()));
  });
  const close = async () => {
    // The library alone does not keep a process alive that waits for an answer.
    const timer = setInterval(() => undefined, 1000);
    await new Promise<void>((done, failed) => {
      producer.flush(60_000, (error) => (error ? failed(error) : done()));
    });
    await new Promise<void>((done) => {
      producer.disconnect(() => done());
    });
    clearInterval(timer);
  };
  return { producer, close };
}

/** Writes events `from` to `to` as fast as the broker takes them. */
export async function fill(
  bootstrapServers: string,
  topic: string,
  { from = 0, to, value = eventOf }: { from?: number; to: number; value?: (id: number) => string },
): Promise<void> {
  const { producer, close } = await connectProducer(bootstrapServers, 20);
  for (let id = from; id < to; ) {
    try {
      producer.produce(topic, null, Buffer.from(value(id)), keyOf(id));
      id++;
    } catch (error) {
      if ((error as { code?: number }).code !== RdKafka.CODES.ERRORS.ERR__QUEUE_FULL) {
        throw error;
      }
      await new Promise((done) => setTimeout(done, 20));
    }
    if (id % 10_000 === 0) {
      producer.poll();
      await new Promise((done) => setImmediate(done));
    }
  }
  await close();
}

/** Events that are written at a pace. */
export interface PacedEvents {
  /** Time at which each event was due, in milliseconds since 1970. */
  readonly times: readonly number[];

  /** Resolves when all are written. */
  stop(): Promise<void>;
}

/** Writes events at a pace, as a producer with the usual linger does. */
export async function paced(bootstrapServers: string, topic: string, perSecond: number): Promise<PacedEvents> {
  const { producer, close } = await connectProducer(bootstrapServers, 5);
  const times: number[] = [];
  const started = Date.now();
  let stopped = false;
  const writing = (async () => {
    while (!stopped) {
      const due = Math.floor(((Date.now() - started) / 1000) * perSecond);
      for (let id = times.length; id < due; id++) {
        // Not when it is written: a producer that was held up would hide the waiting.
        times.push(started + (id / perSecond) * 1000);
        producer.produce(topic, null, Buffer.from(eventOf(id)), keyOf(id));
      }
      producer.poll();
      await new Promise((done) => setTimeout(done, 1));
    }
  })();
  return {
    times,
    stop: async () => {
      stopped = true;
      await writing;
      await close();
    },
  };
}

/** Resident memory of a process in MB: now, and the most so far. */
export function residentMb(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024) / 1e6;
  return { now: field('VmRSS'), peak: field('VmHWM') };
}

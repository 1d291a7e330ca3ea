import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { STREAM_SCHEMA, type StreamConfig } from '../../../lib/contract';
import { type RunningStream, type StreamOptions, startStream } from '../../../runtime/src/streaming';
import { createLogger } from '../../../runtime/src/telemetry';
import type { Kafka, StoredRecord, TestRecord } from '../../services/kafka';
import { modelConfig, sha256 } from '../../support/serving-config';

const MODEL = join(__dirname, '../../fixtures/models/mlp.onnx');

/** What tests of consumers declare otherwise. */
export type Overrides = Partial<StreamConfig>;

/** A consumer of a topic that predicts into another one: events are `{"id": …, "x": [four numbers]}`. */
export function configOf(
  kafka: Pick<Kafka, 'bootstrapServers'>,
  topic: string,
  overrides: Overrides = {},
): StreamConfig {
  const sink = {
    type: 'kafka' as const,
    bootstrapServers: kafka.bootstrapServers,
    lingerMillis: 0,
    compression: 'none',
  };
  return {
    schema: STREAM_SCHEMA,
    name: `of-${topic}`,
    models: [modelConfig({ name: 'mlp', version: '1', path: MODEL, sha256: sha256(readFileSync(MODEL)) })],
    source: {
      type: 'kafka',
      bootstrapServers: kafka.bootstrapServers,
      topic,
      group: `of-${topic}`,
      startAt: 'earliest',
      staticMembership: false,
      sessionTimeoutMillis: 6000,
      maxPollIntervalMillis: 30_000,
    },
    sink: { ...sink, topic: `${topic}-out` },
    deadLetter: { ...sink, topic: `${topic}-dead` },
    delivery: 'at-least-once',
    input: { format: 'json', inputs: [{ input: 'input', pointers: ['/x'] }] },
    output: { format: 'json', passThrough: [{ name: 'id', pointer: '/id' }] },
    batching: { maxRows: 100, maxBytes: 1 << 20, maxDelayMillis: 0 },
    maxInFlight: 4,
    maxDeadLetterRatio: 0.5,
    deadLetterWindow: 1000,
    maxEventBytes: 1 << 20,
    stuckAfterMillis: 60_000,
    metricsPort: 0,
    drainTimeoutMillis: 10_000,
    ...overrides,
  };
}

/** Makes the topics of a consumer. */
export async function createTopics(kafka: Kafka, topic: string, partitions = 3): Promise<void> {
  await Promise.all(['', '-out', '-dead'].map((end) => kafka.client.createTopic(topic + end, partitions)));
}

/** An event with a number of its own, and one of a few keys. */
export function event(id: number): TestRecord {
  return { value: JSON.stringify({ id, x: [id, 0, 0.5, -1] }), key: `key-${id % 10}` };
}

/** Events with the numbers from one up to before another. */
export function events(from: number, to: number): TestRecord[] {
  return Array.from({ length: to - from }, (_, index) => event(from + index));
}

/** Numbers of the events that predictions were made of. */
export function idsOf(records: readonly StoredRecord[]): number[] {
  return records.map(({ value }) => (JSON.parse(`${value}`) as { id: number }).id);
}

const running = new Set<RunningStream>();

/** Starts a consumer in this process; it is drained when the tests of the file have run. */
export async function consume(config: StreamConfig, options: Partial<StreamOptions> = {}): Promise<RunningStream> {
  const stream = await startStream(config, { logger: createLogger({ level: 'silent' }), ...options });
  running.add(stream);
  stream.ended.then(
    () => running.delete(stream),
    () => running.delete(stream),
  );
  return stream;
}

/** How a consumer ended that ended by itself. */
export async function endOf(stream: RunningStream): Promise<{ exitCode?: number; message: string }> {
  const error = await stream.ended.then(
    () => new Error('it drained'),
    (reason: Error & { exitCode?: number }) => reason,
  );
  return { exitCode: (error as { exitCode?: number }).exitCode, message: error.message };
}

if (typeof afterAll === 'function') {
  afterAll(() => Promise.allSettled([...running].map((stream) => stream.drain())));
}

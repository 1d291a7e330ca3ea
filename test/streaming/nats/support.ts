import type { NatsSinkConfig, NatsSourceConfig } from '../../../runtime/src/contract';
import { NatsSink, NatsSource } from '../../../runtime/src/streaming/nats';
import { testContext } from '../support';

/** A source on the stream `EVENTS`. */
export function sourceConfig(servers: string, more: Partial<NatsSourceConfig> = {}): NatsSourceConfig {
  return {
    type: 'nats',
    servers,
    stream: 'EVENTS',
    consumer: 'scorer',
    startAt: 'earliest',
    ackWaitMillis: 60_000,
    maxDeliveries: 5,
    maxAckPending: 1000,
    ...more,
  };
}

/** A sink on the subject `scores`. */
export function sinkConfig(servers: string, more: Partial<NatsSinkConfig> = {}): NatsSinkConfig {
  return { type: 'nats', servers, subject: 'scores', ...more };
}

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** A source that has joined, and leaves when the test ends. */
export async function joined(config: NatsSourceConfig, context = testContext()): Promise<NatsSource> {
  const source = new NatsSource(config, context);
  stops.push(() => source.stop());
  await source.start();
  return source;
}

/** A started sink, which is stopped when the test ends. */
export async function opened(config: NatsSinkConfig, context = testContext()): Promise<NatsSink> {
  const sink = new NatsSink(config, context);
  stops.push(() => sink.stop());
  await sink.start();
  return sink;
}

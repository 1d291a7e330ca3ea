import { hostname } from 'node:os';
import { ENVIRONMENT, type EventSinkConfig, type EventSourceConfig, type StreamConfig } from '../../contract';
import type { Logger } from '../../telemetry';
import type { ClientContext, Delivery, EventSink, EventSource } from '../event';
import type { TransactionWatch } from '../kafka';
import { AtLeastOnce } from './at-least-once';
import type { Side, StreamMetrics } from './metrics';

/** The clients of a consumer. */
export interface Clients {
  readonly source: EventSource;
  readonly delivery: Delivery;
}

/** What {@link openClients} takes beside the configuration. */
export interface ClientsOptions {
  readonly logger: Logger;
  readonly metrics: StreamMetrics;

  /** Learns of the points of transactions, and holds them up. Absent = nobody. */
  readonly watchTransactions?: TransactionWatch;
}

/** Makes source, sinks and what delivers; none is connected yet. Only the clients that are declared are loaded. */
export function openClients(config: StreamConfig, options: ClientsOptions): Clients {
  const { logger, metrics } = options;
  const context = (side: Side): ClientContext => ({
    consumer: config.name,
    member: process.env[ENVIRONMENT.pod] || hostname(),
    logger,
    onRetry: () => metrics.retried(side),
  });
  const { source: from, sink, deadLetter } = config;
  const onRebalance = () => {
    metrics.rebalances.value += 1;
  };
  if (from.type === 'kafka' && config.delivery === 'exactly-once') {
    const { KafkaSource, KafkaTransaction } = require('../kafka') as typeof import('../kafka');
    const source = new KafkaSource(from, { ...context('source'), onRebalance });
    const topics = [sink, deadLetter].map((each) => (each?.type === 'kafka' ? each : undefined));
    return {
      source,
      delivery: new KafkaTransaction(source, topics[0], topics[1], context('sink'), options.watchTransactions),
    };
  }
  if (from.type === 'redis-stream') {
    const redis = require('../redis') as typeof import('../redis');
    const source = new redis.RedisStreamSource(from, { ...context('source'), onRebalance });
    const isSame = (each: EventSinkConfig | undefined) =>
      each === undefined || (each.type === 'redis-stream' && redis.sameRedis(from, each));
    if (isSame(sink) && isSame(deadLetter)) {
      const streams = [sink, deadLetter].map((each, index) =>
        each?.type === 'redis-stream'
          ? new redis.RedisStreamSink(each, context(index === 0 ? 'sink' : 'dead-letter'))
          : undefined,
      );
      return { source, delivery: new redis.RedisTransaction(source, streams[0], streams[1]) };
    }
    return { source, delivery: atLeastOnce(source, config, context) };
  }
  const source = openSource(from, { ...context('source'), onRebalance });
  return { source, delivery: atLeastOnce(source, config, context) };
}

function atLeastOnce(source: EventSource, { sink, deadLetter }: StreamConfig, context: (side: Side) => ClientContext) {
  return new AtLeastOnce(
    source,
    sink && openSink(sink, context('sink')),
    deadLetter && openSink(deadLetter, context('dead-letter')),
  );
}

function openSource(
  config: Exclude<EventSourceConfig, { type: 'redis-stream' }>,
  context: ClientContext & { readonly onRebalance: () => void },
): EventSource {
  if (config.type === 'nats') {
    const { NatsSource } = require('../nats') as typeof import('../nats');
    return new NatsSource(config, context);
  }
  const { KafkaSource } = require('../kafka') as typeof import('../kafka');
  return new KafkaSource(config, context);
}

function openSink(config: EventSinkConfig, context: ClientContext): EventSink {
  switch (config.type) {
    case 'kafka': {
      const { KafkaSink } = require('../kafka') as typeof import('../kafka');
      return new KafkaSink(config, context);
    }
    case 'redis-stream': {
      const { RedisStreamSink } = require('../redis') as typeof import('../redis');
      return new RedisStreamSink(config, context);
    }
    case 'nats': {
      const { NatsSink } = require('../nats') as typeof import('../nats');
      return new NatsSink(config, context);
    }
    case 'http': {
      const { HttpEventSink } = require('../http') as typeof import('../http');
      return new HttpEventSink(config, context);
    }
  }
}

import type { EventSinkConfig } from '../contract';
import type { Violation } from '../kubernetes';
import type { PodAdditions } from '../online';
import { checkHttpSink, type HttpSinkOptions, renderHttpSink } from './http';
import { checkKafkaSink, type KafkaSinkOptions, renderKafkaSink } from './kafka';
import { checkNatsSink, type NatsSinkOptions, renderNatsSink } from './nats';
import { checkRedisStreamSink, type RedisStreamSinkOptions, renderRedisStreamSink } from './redis-stream';

/**
 * Where events go: predictions, or dead letters. Each has a header with its id (`model-serving-event-id`), which is the same however
 * often the event is delivered; headers of a dead letter tell the reason and the model as well.
 */
export class EventSink {
  /**
   * A topic of Kafka. The producer is idempotent, and waits for all replicas that are in sync.
   *
   * @param options brokers and topic
   */
  public static kafka(options: KafkaSinkOptions): EventSink {
    return new EventSink({ type: 'kafka', options });
  }

  /**
   * A stream of Redis, or of a server that speaks its protocol.
   *
   * @param options address and stream
   */
  public static redisStream(options: RedisStreamSinkOptions): EventSink {
    return new EventSink({ type: 'redis-stream', options });
  }

  /**
   * A subject of NATS that a stream of JetStream holds. The id of the event is that of the message, so that JetStream drops what
   * comes twice within the window of the stream.
   *
   * @param options servers and subject
   */
  public static nats(options: NatsSinkOptions): EventSink {
    return new EventSink({ type: 'nats', options });
  }

  /**
   * Requests to a web server, one an event; a status of 2xx acknowledges it.
   *
   * @param options address and limits
   */
  public static http(options: HttpSinkOptions): EventSink {
    return new EventSink({ type: 'http', options });
  }

  /** Nowhere: the prediction log alone sees what was predicted. */
  public static none(): EventSink {
    return new EventSink({ type: 'none' });
  }

  /** @internal */
  public readonly _sink: SinkInput;

  private constructor(sink: SinkInput) {
    this._sink = sink;
  }
}

/** One of the kinds of sinks. */
export type SinkInput =
  | { readonly type: 'kafka'; readonly options: KafkaSinkOptions }
  | { readonly type: 'redis-stream'; readonly options: RedisStreamSinkOptions }
  | { readonly type: 'nats'; readonly options: NatsSinkOptions }
  | { readonly type: 'http'; readonly options: HttpSinkOptions }
  | { readonly type: 'none' };

/**
 * A sink as the runtime reads it, and what it adds to the pod.
 *
 * @param purpose start of the names of volumes, a DNS label
 */
export function renderEventSink(
  purpose: string,
  { _sink: sink }: EventSink,
): { config: EventSinkConfig | undefined; additions: PodAdditions } {
  switch (sink.type) {
    case 'kafka':
      return renderKafkaSink(purpose, sink.options);
    case 'redis-stream':
      return renderRedisStreamSink(purpose, sink.options);
    case 'nats':
      return renderNatsSink(purpose, sink.options);
    case 'http':
      return renderHttpSink(purpose, sink.options);
    case 'none':
      return { config: undefined, additions: {} };
  }
}

/**
 * Checks a sink by itself.
 *
 * @param prop where it is declared, for the message
 * @param drainMillis longest time that a micro-batch gets
 */
export function checkEventSink(prop: string, { _sink: sink }: EventSink, drainMillis: number): Violation[] {
  switch (sink.type) {
    case 'kafka':
      return checkKafkaSink(prop, sink.options);
    case 'redis-stream':
      return checkRedisStreamSink(prop, sink.options);
    case 'nats':
      return checkNatsSink(prop, sink.options);
    case 'http':
      return checkHttpSink(prop, sink.options, drainMillis);
    case 'none':
      return [];
  }
}

import type { EventSourceConfig } from '../contract';
import type { Violation } from '../kubernetes';
import type { PodAdditions } from '../online';
import { checkKafkaSource, type KafkaSourceOptions, renderKafkaSource } from './kafka';
import { checkNatsSource, type NatsSourceOptions, renderNatsSource, type WorkInProgress } from './nats';
import { checkRedisStreamSource, type RedisStreamSourceOptions, renderRedisStreamSource } from './redis-stream';

const PURPOSE = 'source';

/** Where events come from. Events are acknowledged there when their predictions are written, and not before. */
export class EventSource {
  /**
   * A topic of Kafka, as a member of a consumer group.
   *
   * @param options brokers, topic and group
   */
  public static kafka(options: KafkaSourceOptions): EventSource {
    return new EventSource({ type: 'kafka', options });
  }

  /**
   * A stream of Redis, or of a server that speaks its protocol (5.0 or newer; XAUTOCLAIM needs 6.2), as a consumer of a group.
   *
   * @param options address, stream and group
   */
  public static redisStream(options: RedisStreamSourceOptions): EventSource {
    return new EventSource({ type: 'redis-stream', options });
  }

  /**
   * A stream of NATS JetStream, by a durable pull consumer.
   *
   * @param options servers, stream and consumer
   */
  public static nats(options: NatsSourceOptions): EventSource {
    return new EventSource({ type: 'nats', options });
  }

  /** @internal */
  public readonly _source: SourceInput;

  private constructor(source: SourceInput) {
    this._source = source;
  }
}

/** One of the kinds of sources. */
export type SourceInput =
  | { readonly type: 'kafka'; readonly options: KafkaSourceOptions }
  | { readonly type: 'redis-stream'; readonly options: RedisStreamSourceOptions }
  | { readonly type: 'nats'; readonly options: NatsSourceOptions };

/** A source as the runtime reads it, and what it adds to the pod. */
export function renderEventSource(
  { _source: source }: EventSource,
  work: WorkInProgress,
): { config: EventSourceConfig; additions: PodAdditions } {
  switch (source.type) {
    case 'kafka':
      return renderKafkaSource(PURPOSE, source.options);
    case 'redis-stream':
      return renderRedisStreamSource(PURPOSE, source.options);
    case 'nats':
      return renderNatsSource(PURPOSE, source.options, work);
  }
}

/** Checks a source by itself. */
export function checkEventSource({ _source: source }: EventSource, work: WorkInProgress): Violation[] {
  switch (source.type) {
    case 'kafka':
      return checkKafkaSource('source', source.options, work.drainMillis);
    case 'redis-stream':
      return checkRedisStreamSource('source', source.options, work.drainMillis);
    case 'nats':
      return checkNatsSource('source', source.options, work);
  }
}

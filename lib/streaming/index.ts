export type { BrokerTls } from './broker-tls';
export { Delivery } from './delivery';
export { EventSink } from './event-sink';
export { EventSource } from './event-source';
export {
  CloudEventMode,
  type CloudEventsOptions,
  EventFormat,
  InputFields,
  type InputFieldsOptions,
  type RegisteredFormatOptions,
} from './format';
export type { HttpSinkOptions } from './http';
export {
  type KafkaClusterOptions,
  KafkaCompression,
  KafkaLogin,
  type KafkaSinkOptions,
  type KafkaSourceOptions,
} from './kafka';
export type { NatsServerOptions, NatsSinkOptions, NatsSourceOptions } from './nats';
export type { RedisStreamSinkOptions, RedisStreamSourceOptions } from './redis-stream';
export { StartPosition } from './start-position';
export { StreamingConsumer } from './streaming-consumer';
export type { StreamingConsumerProps } from './streaming-consumer-props';

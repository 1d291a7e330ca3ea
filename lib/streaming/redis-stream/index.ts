export {
  checkDeliveries,
  checkRedisStreamSink,
  checkRedisStreamSource,
  renderRedisStreamSink,
  renderRedisStreamSource,
} from './redis-stream';
export type { RedisStreamSinkOptions, RedisStreamSourceOptions } from './redis-stream-options';

export { RedisStreamSink } from './redis-stream-sink';
export { RedisStreamSource } from './redis-stream-source';
export { RedisTransaction } from './redis-transaction';
export { sameRedis } from './same-redis';

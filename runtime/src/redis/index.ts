export { RedisClient, type RedisClientOptions, reasonOf } from './client';
export type { RedisAddress } from './connection';
export { RedisError } from './error';
export { afterMillis, GuardedRedis, type GuardedRedisOptions } from './guarded-redis';
export type { Questions, RedisCommand, RedisReply } from './questions';
export { redisScript, type Script } from './script';

export { RedisSink, type RedisSinkOptions } from './redis-sink';
export type { RunOutcome, SinkRun, UnitRows } from './sink-run';

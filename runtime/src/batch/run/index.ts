import type { BatchConfig } from '../../contract';
import type { RunRecord } from './records';
import type { RunShardOptions } from './run-shard';

export { StoppedError } from './error';
export { BatchMetrics } from './metrics';
export type { ProgressReading } from './progress';
export type { RunRecord } from './records';
export { type RunIdentity, runIdentity } from './run-identity';
export type { RunShardOptions } from './run-shard';
export { latestRun, type RunStatus, readStatus, type ShardStatus } from './status';

/**
 * Does one shard of a run, from its plan to its record, and completes the run when it is the last one. Whatever is done
 * already, by whoever, is not done again.
 *
 * @returns the record of the run when it is complete
 */
export function runShard(config: BatchConfig, options: RunShardOptions): Promise<RunRecord | undefined> {
  // Loaded when it is used: who reads a ledger needs neither the engine of tables nor that of models.
  const room = require('./run-shard') as typeof import('./run-shard');
  return room.runShard(config, options);
}

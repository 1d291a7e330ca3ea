import type { BatchConfig } from '../../../lib/contract';
import { BatchMetrics, type RunRecord, runIdentity, runShard } from '../../../runtime/src/batch';
import type { Logger } from '../../../runtime/src/telemetry';

/** A line that was logged. */
export type LogLine = Readonly<Record<string, unknown>>;

/** What a shard is run with. */
export interface ShardRunOptions {
  readonly drain?: AbortSignal;
  readonly log?: LogLine[];
}

/** Runs a shard in this process. */
export function shardRun(
  config: BatchConfig,
  shard: number,
  options: ShardRunOptions = {},
): Promise<RunRecord | undefined> {
  const never = new AbortController().signal;
  return runShard(config, {
    run: runIdentity(config),
    shard,
    logger: recordingLogger(options.log ?? []),
    metrics: new BatchMetrics({ job: config.name, shard }),
    drain: options.drain ?? never,
    abort: never,
    retry: { attempts: 6, baseMillis: 1, maxMillis: 10, stallMillis: 5000 },
  });
}

/** Runs all shards, one after the other. */
export async function wholeRun(config: BatchConfig): Promise<RunRecord> {
  let record: RunRecord | undefined;
  for (let shard = 0; shard < config.shards; shard += 1) {
    record = await shardRun(config, shard);
  }
  if (record === undefined) {
    throw new Error('the last shard did not complete the run');
  }
  return record;
}

function recordingLogger(lines: LogLine[]): Logger {
  const record = (fields: object, msg?: string) => {
    lines.push({ ...fields, msg });
  };
  const logger = { info: record, warn: record, error: record, debug: record, child: () => logger };
  return logger as unknown as Logger;
}

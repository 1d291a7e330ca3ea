import type { BatchConfig } from '../../contract';
import type { Logger } from '../../telemetry';
import type { Ledger } from './ledger';
import { declaredModel } from './model';
import type { Plan } from './plan';
import { type RunRecord, type ShardRecord, sumRows } from './records';
import type { Sinks } from './sinks';

const RUN_SCHEMA = 'model-serving-batch-run/v1';

/** What finishing works with. */
export interface FinishTools {
  readonly config: BatchConfig;
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly sinks: Sinks;
  readonly logger: Logger;

  /** Scores the rows of a unit again for sinks that lost them. */
  readonly restore: (unit: string) => Promise<void>;
}

/**
 * Makes the run visible when all shards are done. Every shard looks after it is done itself, so the last one sees all of
 * them; several may do it at the same time, and again after a kill: the record is decided once.
 *
 * @returns the record; undefined when shards are not done
 */
export async function finishRun(tools: FinishTools): Promise<RunRecord | undefined> {
  const { config, ledger, sinks, logger } = tools;
  if ((await ledger.shardsDone()) < config.shards) {
    return undefined;
  }
  const record = await ledger.decideCommit(recordOf(tools, await ledger.shards()));
  await restoreLost(tools);
  await sinks.complete(record);
  await ledger.succeed(record);
  logger.info({ run: record.run, rows: record.rows }, 'run is complete');
  try {
    const collected = await sinks.collect(record);
    logger.info({ collected }, 'parts that do not count are removed');
  } catch (error) {
    // They take room and are in nobody's list: no reason to fail.
    logger.warn({ error }, 'parts that do not count could not be removed');
  }
  return record;
}

async function restoreLost({ ledger, sinks, logger, restore }: FinishTools): Promise<void> {
  const units = (await ledger.shards()).flatMap((shard) => shard.units);
  const written = units.filter(({ rows }) => rows.predicted > 0).map(({ shard, unit }) => `${shard}-${unit}`);
  const lost = await sinks.lostUnits(written);
  if (lost.length > 0) {
    logger.warn({ units: lost.length }, 'a sink has lost rows that were written; scoring them again');
    for (const unit of lost) {
      await restore(unit);
    }
  }
}

function recordOf({ config, plan, sinks, ledger }: FinishTools, shards: readonly ShardRecord[]): RunRecord {
  const { name, version, sha256 } = declaredModel(config);
  const rows = sumRows(shards.map((shard) => shard.rows));
  const units = shards.flatMap((shard) => shard.units);
  return {
    schema: RUN_SCHEMA,
    job: config.name,
    run: plan.run,
    time: plan.time,
    completed: new Date().toISOString(),
    model: { name, version, sha256 },
    rows,
    sinks: sinks.recordsOf(units, rows.predicted),
    errors: {
      uri: `${ledger.store.uri}/${ledger.folder.replace(/\/$/, '')}`,
      parts: units.flatMap(({ errors }) => errors ?? []),
    },
  };
}

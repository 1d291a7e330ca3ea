import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { BatchConfig } from '../../contract';
import type { RetryPolicy } from '../../fetch';
import { cpuLimit, type LoadedModel, memoryLimit } from '../../model';
import type { Logger } from '../../telemetry';
import { openStore, requireCreateOnly } from '../store';
import { type Scorer, type ScorerOptions, TableEngine, TableError } from '../table';
import { BatchError } from './error';
import { finishRun } from './finish';
import { Ledger } from './ledger';
import { makePlan } from './make-plan';
import type { BatchMetrics } from './metrics';
import { declaredModel, loadDeclaredModel } from './model';
import { ObjectSchemas } from './object-schemas';
import { type Plan, requireSameDeclaration } from './plan';
import { Progress, type ProgressReading } from './progress';
import type { RunRecord } from './records';
import type { RunIdentity } from './run-identity';
import { makeScratch } from './scratch';
import { doShard, restoreUnit, type ShardTools } from './shard';
import { Sinks } from './sinks';

const MEBIBYTE = 1024 ** 2;

/** Share of the memory limit that tables may take: the rest is for the process, the model and its runs. */
const TABLE_SHARE = 0.4;
const MIN_TABLE_BYTES = 64 * MEBIBYTE;

/** Where nothing is limited, a job should not take the machine. */
const MAX_UNLIMITED_BYTES = 1024 * MEBIBYTE;

/** A row of text, for sinks that want to know about how many there will be. */
const GUESSED_ROW_BYTES = 100;

/** Options of {@link runShard}. */
export interface RunShardOptions {
  readonly run: RunIdentity;

  /** Number of the shard, from 0. */
  readonly shard: number;
  readonly logger: Logger;
  readonly metrics: BatchMetrics;

  /** No further unit is begun; its reason is thrown. */
  readonly drain: AbortSignal;

  /** Everything ends at once; its reason is thrown. */
  readonly abort: AbortSignal;

  /** @default - five attempts within about half a minute */
  readonly retry?: RetryPolicy;

  /** Learns of progress, every `progressMillis` and at the end. */
  readonly onProgress?: (reading: ProgressReading) => void;
}

/**
 * Does one shard of a run, from its plan to its record, and completes the run when it is the last one. Whatever is done
 * already, by whoever, is not done again.
 *
 * @returns the record of the run when it is complete
 */
export async function runShard(config: BatchConfig, options: RunShardOptions): Promise<RunRecord | undefined> {
  const { run, shard, logger, abort } = options;
  if (shard >= config.shards) {
    throw BatchError.declaration(`There is no shard ${shard}: the configuration has ${config.shards}, counted from 0.`);
  }
  const ledger = new Ledger(await openStore(config.ledger, { ...options, signal: abort }), run.id);
  try {
    const before = await ledger.success();
    if (before !== undefined) {
      requireSameModel(before, config);
      logger.info({ run: run.id, rows: before.rows }, 'run is complete already');
      return before;
    }
    await requireCreateOnly(ledger.store, ledger.probeKey);
    const attempt = randomBytes(4).toString('hex');
    const scratch = await makeScratch(config.scratchPath, run.id, shard, attempt);
    try {
      return await new ShardRun(config, options, ledger, scratch, attempt).run();
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  } finally {
    ledger.store.close();
  }
}

/** One attempt at a shard. */
class ShardRun {
  constructor(
    private readonly config: BatchConfig,
    private readonly options: RunShardOptions,
    private readonly ledger: Ledger,
    private readonly scratch: string,
    private readonly attempt: string,
  ) {}

  async run(): Promise<RunRecord | undefined> {
    const { config, ledger, options, scratch } = this;
    const { logger, abort, run } = options;
    const model = await loadDeclaredModel(config, logger);
    const engine = await TableEngine.open({ ...engineLimits(), scratchPath: join(scratch, 'engine'), logger });
    try {
      let plan = await ledger.plan();
      if (plan === undefined) {
        const { passThrough, predictions } = config;
        const scorer = await declaredScorer(engine, model, { features: config.features, passThrough, predictions });
        plan = await ledger.decidePlan(
          await makePlan(config, run, { ...options, signal: abort, engine, scorer, scratch }),
        );
        logger.info(
          { objects: plan.objects.length, units: plan.shards.flat().length, rows: plan.rows },
          'plan is made',
        );
      }
      requireSameDeclaration(plan, config);
      const { features, predictions, batchRows } = config;
      const scorer = await declaredScorer(engine, model, {
        features,
        predictions,
        batchRows,
        passThrough: plan.passThrough,
      });
      return await this.work(plan, model, engine, scorer);
    } finally {
      engine.close();
      await model.session.close();
    }
  }

  private async work(plan: Plan, model: LoadedModel, engine: TableEngine, scorer: Scorer) {
    const { config, ledger, options, scratch, attempt } = this;
    const { logger, abort, shard } = options;
    const storeOptions = { ...options, signal: abort };
    const store = await openStore({ uri: plan.folder, store: config.input.store }, storeOptions);
    const { name, version, sha256 } = declaredModel(config);
    const sinkRun = {
      id: plan.run,
      time: Date.parse(plan.time),
      model: { name, version, sha256 },
      predictions: (config.predictions ?? model.signature.outputs).map((column) => column.name),
      rows: plan.rows ?? Math.ceil(plan.objects.reduce((sum, { bytes }) => sum + bytes, 0) / GUESSED_ROW_BYTES),
    };
    const sinks = await Sinks.open(config, sinkRun, ledger.store, storeOptions);
    const progress = new Progress(shard, attempt, totalOf(plan, shard));
    options.metrics.follow(progress);
    const tools: ShardTools = {
      ...{ config, plan, ledger, sinks, progress, store, engine, scorer, scratch, attempt, logger, abort },
      schemas: new ObjectSchemas(engine),
      metrics: options.metrics,
      drain: options.drain,
    };
    try {
      progress.tell(logger, config.progressMillis, async (record) => {
        options.onProgress?.(progress.reading());
        await ledger.pushProgress(record);
      });
      const record = (await ledger.shard(shard)) ?? (await doShard(shard, tools));
      progress.stop();
      logger.info({ rows: record.rows, units: record.units.length }, 'shard is done');
      options.onProgress?.(progress.reading());
      return await finishRun({ config, plan, ledger, sinks, logger, restore: (unit) => restoreUnit(unit, tools) });
    } finally {
      progress.stop();
      sinks.close();
      store.close();
    }
  }
}

function requireSameModel({ run, model }: RunRecord, config: BatchConfig): void {
  const { sha256 } = declaredModel(config);
  if (model.sha256 !== sha256) {
    throw BatchError.declaration(
      `The run ${run} is complete, with another model (SHA-256 ${model.sha256}, declared is ${sha256}). Start another run.`,
    );
  }
}

function totalOf({ shards }: Plan, shard: number): { units: number; rows?: number; weight: number } {
  const units = shards[shard] ?? [];
  const isCounted = units.every(({ rows }) => rows !== undefined);
  return {
    units: units.length,
    weight: units.reduce((sum, { weight }) => sum + weight, 0),
    ...(isCounted ? { rows: units.reduce((sum, { rows = 0 }) => sum + rows, 0) } : {}),
  };
}

/** Columns and model are declared together: when they do not go together, no input can mend it. @throws BatchError */
async function declaredScorer(engine: TableEngine, model: LoadedModel, options: ScorerOptions): Promise<Scorer> {
  try {
    return await engine.scorer(model, options);
  } catch (error) {
    throw error instanceof TableError ? BatchError.declaration(error.message) : error;
  }
}

/** From the limits of the container, not from what the machine has. */
function engineLimits(): { memoryBytes: number; threads: number } {
  const limit = memoryLimit();
  const share = TABLE_SHARE * (limit ?? totalmem());
  return {
    memoryBytes: Math.floor(
      Math.max(MIN_TABLE_BYTES, limit === undefined ? Math.min(share, MAX_UNLIMITED_BYTES) : share),
    ),
    threads: Math.max(1, Math.floor(cpuLimit() ?? availableParallelism())),
  };
}

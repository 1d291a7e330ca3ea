import { BatchMetrics, type ProgressReading, runIdentity, runShard, StoppedError } from '../batch';
import { loadBatchConfig } from '../config';
import { type BatchConfig, ENVIRONMENT, EXIT_CODES } from '../contract';
import { createLogger, type Logger } from '../telemetry';
import { exitWith } from './exit';
import { explainPortFault } from './ports';

/** Options of {@link batch}. */
export interface BatchCommandOptions {
  readonly config: string;

  /** Name of the run, in place of the configured one. */
  readonly run?: string;

  /** Number of the shard, in place of that of the pod. */
  readonly shard?: number;

  /** Port of the metrics, in place of the configured one; 0 = any free one. */
  readonly metricsPort?: number;
}

/** What a process that was started by `batch run` tells it. */
export interface BatchMessage {
  readonly progress: ProgressReading;
}

/** As shells say that a signal ended a process: the shard is not done, and nothing failed. */
const STOPPED = 128 + 15;

/** What a pod gets where nothing else is declared. */
const GRACE_MILLIS = 30_000;

/** Part of the grace period that a unit may still take after a signal. */
const UNIT_SHARE = 0.75;

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** The `batch` role: one shard, then the end of the process. */
export async function batch(options: BatchCommandOptions): Promise<void> {
  const loaded = loadBatchConfig(options.config);
  const config: BatchConfig = options.run === undefined ? loaded : { ...loaded, run: options.run };
  const run = runIdentity(config);
  const shard = options.shard ?? shardOf(config);
  const logger = createLogger({ name: 'batch' }).child({ job: config.name, run: run.id, shard });
  const metrics = new BatchMetrics({ job: config.name, shard });
  const port = options.metricsPort ?? config.metricsPort;
  await metrics.listen(port).catch((error: unknown) => {
    throw explainPortFault(error, [{ port, setting: 'metricsPort' }]);
  });
  const { drain, abort } = stopOnSignal(logger, UNIT_SHARE * (config.gracePeriodMillis ?? GRACE_MILLIS));
  try {
    await runShard(config, { run, shard, logger, metrics, drain, abort, onProgress: tellParent });
  } catch (error) {
    if (error instanceof StoppedError || error === abort.reason || error === drain.reason) {
      logger.info({ exitCode: STOPPED }, 'stopped before the shard was done; a further attempt goes on');
      process.exit(STOPPED);
    }
    exitWith(error);
  }
  // Clients keep connections open; nothing is left to do on them.
  process.exit(EXIT_CODES.ok);
}

/** The unit under way is finished after a signal when it does not take long, else dropped. */
function stopOnSignal(
  logger: Logger,
  unitMillis: number,
): { readonly drain: AbortSignal; readonly abort: AbortSignal } {
  const drain = new AbortController();
  const abort = new AbortController();
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (drain.signal.aborted) {
        return;
      }
      logger.info({ signal }, 'stopping after the unit under way');
      const reason = new StoppedError(`Stopped by ${signal} before the shard was done.`);
      drain.abort(reason);
      setTimeout(() => abort.abort(reason), unitMillis).unref();
    });
  }
  return { drain: drain.signal, abort: abort.signal };
}

function tellParent(progress: ProgressReading): void {
  const message: BatchMessage = { progress };
  process.send?.(message);
}

function shardOf({ shards }: BatchConfig): number {
  const text = process.env[ENVIRONMENT.completionIndex];
  if ((text === undefined || text === '') && shards === 1) {
    return 0;
  }
  const shard = Number(text || Number.NaN);
  if (!Number.isInteger(shard) || shard < 0) {
    throw new Error(
      `Which of the ${shards} shards is this? Set ${ENVIRONMENT.completionIndex} or --shard, or run all of them: batch run.`,
    );
  }
  return shard;
}

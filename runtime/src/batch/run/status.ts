import type { BatchConfig } from '../../contract';
import { type OpenStoreOptions, openStore } from '../store';
import { Ledger } from './ledger';
import { type RowCounts, type RunRecord, sumRows } from './records';

/** What is known of a shard. */
export interface ShardStatus {
  readonly shard: number;

  /** `done`; `running` when it has told of progress of late; else `waiting`: not begun, or killed. */
  readonly state: 'done' | 'running' | 'waiting';
  readonly units: number;
  readonly unitsDone: number;

  /** Absent = the format does not tell. */
  readonly plannedRows?: number;

  /** Rows of units that are done, or more as a running shard tells. */
  readonly rows: number;
  readonly errors: number;
  readonly rowsPerSecond?: number;
  readonly remainingSeconds?: number;

  /** Time of the last progress, of ISO 8601. */
  readonly updated?: string;
}

/** What the ledger says of a run. */
export interface RunStatus {
  readonly run: string;
  readonly job: string;

  /** Time that the run stands for. */
  readonly time: string;
  readonly state: 'complete' | 'unfinished';
  readonly rows: RowCounts;

  /** Absent = the format does not tell. */
  readonly plannedRows?: number;

  /** Seconds until the last shard is done, by what running shards tell; absent = not known. */
  readonly remainingSeconds?: number;
  readonly shards: readonly ShardStatus[];

  /** The record of a complete run. */
  readonly record?: RunRecord;
}

/** A shard that told nothing for so many intervals, and at least so long, is not running. */
const SILENT_INTERVALS = 4;
const SILENT_MILLIS = 30_000;

/** Reads the ledger. @returns undefined when there is no plan of the run */
export async function readStatus(
  config: BatchConfig,
  run: string,
  options: OpenStoreOptions,
): Promise<RunStatus | undefined> {
  const store = await openStore(config.ledger, options);
  try {
    const ledger = new Ledger(store, run);
    const plan = await ledger.plan();
    if (plan === undefined) {
      return undefined;
    }
    const [record, done, progress] = await Promise.all([ledger.success(), ledger.shards(), ledger.progress()]);
    const shards = await Promise.all(
      plan.shards.map(async (units, shard): Promise<ShardStatus> => {
        const planned = units.every(({ rows }) => rows !== undefined)
          ? { plannedRows: units.reduce((sum, { rows = 0 }) => sum + rows, 0) }
          : {};
        const finished = done.find((one) => one.shard === shard);
        const common = { shard, units: units.length, ...planned };
        if (finished !== undefined) {
          const { rows } = finished;
          return { ...common, state: 'done', unitsDone: units.length, rows: rows.in, errors: rows.errors };
        }
        const told = progress.find((one) => one.shard === shard);
        const records = [...(await ledger.units(shard)).values()];
        const rows = sumRows(records.map((one) => one.rows));
        const silentMillis = Math.max(SILENT_MILLIS, SILENT_INTERVALS * config.progressMillis);
        const isRunning = told !== undefined && Date.now() - Date.parse(told.updated) < silentMillis;
        return {
          ...common,
          state: isRunning ? 'running' : 'waiting',
          unitsDone: records.length,
          rows: isRunning ? Math.max(rows.in, told.rows) : rows.in,
          errors: isRunning ? Math.max(rows.errors, told.errors) : rows.errors,
          ...(isRunning ? { rowsPerSecond: told.rowsPerSecond, remainingSeconds: told.remainingSeconds } : {}),
          updated: told?.updated,
        };
      }),
    );
    const rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
    const errors = shards.reduce((sum, shard) => sum + shard.errors, 0);
    return {
      run,
      job: plan.job,
      time: plan.time,
      state: record === undefined ? 'unfinished' : 'complete',
      rows: record?.rows ?? { in: rows, predicted: rows - errors, errors },
      plannedRows: plan.rows,
      ...remainingOf(shards),
      shards,
      record,
    };
  } finally {
    store.close();
  }
}

/** Name of the run with the newest time; undefined when there is none. */
export async function latestRun(config: BatchConfig, options: OpenStoreOptions): Promise<string | undefined> {
  const store = await openStore(config.ledger, options);
  try {
    const runs = (await store.folders('')).flatMap((name) => /^run=(.+)$/.exec(name)?.[1] ?? []);
    const plans = await Promise.all(runs.map((run) => new Ledger(store, run).plan()));
    const own = plans.flatMap((plan) => (plan?.job === config.name ? [plan] : []));
    return own.sort((a, b) => Date.parse(b.time) - Date.parse(a.time))[0]?.run;
  } finally {
    store.close();
  }
}

/** The rest of all shards, shared by those that run. */
function remainingOf(shards: readonly ShardStatus[]): { remainingSeconds?: number } {
  const rate = shards.reduce((sum, { rowsPerSecond = 0 }) => sum + rowsPerSecond, 0);
  const isCounted = shards.every(({ plannedRows }) => plannedRows !== undefined);
  const rest = shards.reduce((sum, { plannedRows = 0, rows }) => sum + Math.max(0, plannedRows - rows), 0);
  return rate > 0 && isCounted ? { remainingSeconds: Math.round(rest / rate) } : {};
}

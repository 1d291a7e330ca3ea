import { latestRun, type RunStatus, readStatus, type ShardStatus } from '../batch';
import { loadBatchConfig } from '../config';
import { ENVIRONMENT, EXIT_CODES } from '../contract';
import { createLogger } from '../telemetry';
import { ageText, durationText } from './rollout-text';
import { table } from './table';

/** Options of {@link batchStatus}. */
export interface BatchStatusOptions {
  readonly config: string;
  readonly run?: string;
  readonly json?: boolean;
}

const HEAD = ['SHARD', 'STATE', 'UNITS', 'ROWS', 'ERRORS', 'ROWS/S', 'LEFT', 'TOLD'];

/** Writes what the ledger says of a run. */
export async function batchStatus({ config: file, run: named, json = false }: BatchStatusOptions): Promise<void> {
  const config = loadBatchConfig(file);
  const logger = createLogger({ name: 'batch', level: 'warn' });
  const run = named ?? config.run ?? (process.env[ENVIRONMENT.job] || (await latestRun(config, { logger })));
  const status = run === undefined ? undefined : await readStatus(config, run, { logger });
  if (status === undefined) {
    const what = run === undefined ? `no run of ${config.name}` : `no plan of the run ${run}`;
    throw new Error(
      `There is ${what} in ${config.ledger.uri}. It appears when the first shard has looked at the input.`,
    );
  }
  process.stdout.write(json ? `${JSON.stringify(status, undefined, 2)}\n` : `${textOf(status)}\n`);
  process.exit(EXIT_CODES.ok);
}

function textOf(status: RunStatus): string {
  const { run, job, time, state, rows, plannedRows, remainingSeconds, shards, record } = status;
  const of = plannedRows === undefined ? '' : ` of ${plannedRows}`;
  const rest = remainingSeconds === undefined ? '' : `, about ${durationText(1000 * remainingSeconds)} left`;
  return [
    `${job}, run ${run} of ${time}: ${state}`,
    `${rows.in}${of} rows, ${rows.errors} of them errors${rest}`,
    ...(record?.sinks ?? []).map((sink) =>
      sink.type === 'files'
        ? `${sink.uri}/run=${run}: ${sink.parts.length} parts (${sink.format})`
        : `${sink.address}, table ${sink.table}: ${sink.rows} rows`,
    ),
    ...(record !== undefined && record.errors.parts.length > 0
      ? [`Rows without a prediction: ${record.errors.uri}/errors`]
      : []),
    '',
    table(HEAD, shards.map(rowOf)),
  ].join('\n');
}

function rowOf(shard: ShardStatus): string[] {
  const { plannedRows, rowsPerSecond, remainingSeconds, updated } = shard;
  return [
    String(shard.shard),
    shard.state,
    `${shard.unitsDone}/${shard.units}`,
    `${shard.rows}${plannedRows === undefined ? '' : `/${plannedRows}`}`,
    String(shard.errors),
    rowsPerSecond === undefined ? '' : String(rowsPerSecond),
    remainingSeconds === undefined ? '' : durationText(1000 * remainingSeconds),
    updated === undefined || shard.state === 'done' ? '' : `${ageText(updated, Date.now())} ago`,
  ];
}

import { EXIT_CODES, type RedisSinkConfig } from '../../contract';
import { DATATYPES, elementCount } from '../../model';
import {
  bucketOf,
  type PredictionColumn,
  type RunRecord,
  readRow,
  SWITCH_RUN,
  type TableKeys,
} from '../../prediction-table';
import type { Logger } from '../../telemetry';
import { RedisSinkError } from './error';
import type { PatientRedis } from './patient-redis';
import type { RunOutcome, SinkRun, UnitRows } from './sink-run';

/** Options of {@link RunCompletion}. */
export interface RunCompletionOptions {
  readonly config: RedisSinkConfig;
  readonly run: SinkRun;
  readonly buckets: number;
  readonly redis: PatientRedis;
  readonly keys: TableKeys;
  readonly logger: Logger;
}

/** Hashes that are asked about in one round trip. */
const BUCKETS_A_ROUND = 2048;

/** Hashes whose rows are read back. */
const SAMPLED_BUCKETS = 16;

/** Checks what was written of a run, and makes it the current one. */
export class RunCompletion {
  constructor(private readonly options: RunCompletionOptions) {}

  async complete(expectedRows: number): Promise<RunOutcome> {
    const { config, run, buckets, redis, keys, logger } = this.options;
    const [unitTexts, rowsText, columnsText, time] = await redis.ask([
      ['HVALS', keys.units(run.id)],
      ['HGET', keys.run(run.id), 'rows'],
      ['HGET', keys.run(run.id), 'columns'],
      ['TIME'],
    ]);
    const units = (unitTexts as string[]).map((text) => JSON.parse(text) as UnitRows);
    const given = sum(units.map(({ rows }) => rows));
    const withoutKey = sum(units.map((unit) => unit.withoutKey));
    const rows = Number(rowsText ?? 0);
    if (given !== expectedRows) {
      throw this.incomplete(`${given} of ${expectedRows} rows of the run were written`);
    }
    if (rows === 0 || columnsText === null) {
      logger.warn('the run has no rows with a key: the table keeps its current run');
      return 'empty';
    }
    const columns = JSON.parse(String(columnsText)) as PredictionColumn[];
    const [seconds] = time as string[];
    const completedAt = Number(seconds) * 1000;
    const expiresAt = completedAt + config.timeToLiveMillis;
    const found = await this.count(expiresAt);
    if (found !== rows) {
      throw this.incomplete(`${found} of ${rows} keys are there: the server has lost or evicted some`);
    }
    await this.readBack(columns);
    const duplicates = given - withoutKey - rows;
    const { id, model } = run;
    const record: RunRecord = {
      run: id,
      time: run.time,
      completedAt,
      expiresAt,
      model: { name: model.name, version: model.version, sha256: model.sha256 },
      columns,
      rows,
      duplicates,
      withoutKey,
      buckets,
    };
    const [switched] = await redis.ask([
      ['EVALSHA', SWITCH_RUN.sha1, '1', keys.pointer, id, `${run.time}`, JSON.stringify(record)],
    ]);
    const outcome: RunOutcome = switched === 1 ? 'current' : 'superseded';
    if (duplicates > 0 || withoutKey > 0) {
      logger.warn({ duplicates, withoutKey }, 'rows of the run share a key, or have none');
    }
    logger.info({ rows, buckets, outcome }, 'the run of the prediction table is complete');
    return outcome;
  }

  /** Counts the rows that are there, and sets when they go. */
  private async count(expiresAt: number): Promise<number> {
    const { run, buckets, redis, keys } = this.options;
    let found = 0;
    for (let from = 0; from < buckets; from += BUCKETS_A_ROUND) {
      const to = Math.min(buckets, from + BUCKETS_A_ROUND);
      const names = Array.from({ length: to - from }, (_, index) => keys.bucket(run.id, from + index));
      const replies = await redis.ask(
        names.flatMap((name) => [
          ['HLEN', name],
          ['PEXPIREAT', name, `${expiresAt}`],
        ]),
      );
      found += sum(replies.filter((_, index) => index % 2 === 0).map(Number));
    }
    await redis.ask([keys.run(run.id), keys.units(run.id)].map((name) => ['PEXPIREAT', name, `${expiresAt}`]));
    return found;
  }

  /** Reads some rows as a reader does. */
  private async readBack(columns: readonly PredictionColumn[]): Promise<void> {
    const { run, buckets, redis, keys } = this.options;
    const step = Math.max(1, Math.floor(buckets / SAMPLED_BUCKETS));
    const sampled = Array.from({ length: Math.ceil(buckets / step) }, (_, index) => index * step);
    const replies = await redis.ask(sampled.map((bucket) => ['HGETALL', keys.bucket(run.id, bucket)]));
    const targets = columns.map(({ datatype, shape }) => DATATYPES[datatype].allocate(elementCount(shape)));
    for (const [position, reply] of replies.entries()) {
      const entries = reply as string[];
      for (let index = 0; index < entries.length; index += 2) {
        const isThere = bucketOf(entries[index], buckets) === sampled[position];
        if (!isThere || !readRow(entries[index + 1], columns, targets, 0)) {
          throw this.incomplete('a row that was written cannot be read: something else writes under the same keys');
        }
      }
    }
  }

  private incomplete(reason: string): RedisSinkError {
    const { config, run } = this.options;
    return new RedisSinkError(
      `The run '${run.id}' of the table '${config.table}' is not complete: ${reason}. The current run stays; write the units that are missing again.`,
      EXIT_CODES.failure,
    );
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

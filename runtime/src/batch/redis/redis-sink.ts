import { EXIT_CODES, type RedisSinkConfig } from '../../contract';
import {
  bucketsFor,
  columnsText,
  NOTE_UNIT,
  type PredictionColumn,
  READ_LIFE,
  rowText,
  SWITCH_RUN,
  TableKeys,
  WRITE_ROWS,
} from '../../prediction-table';
import type { Logger } from '../../telemetry';
import { RunCompletion } from './completion';
import { RedisSinkError } from './error';
import { ParquetReader } from './parquet-rows';
import { PatientRedis } from './patient-redis';
import { RowWriter } from './row-writer';
import type { RunOutcome, SinkRun, UnitRows } from './sink-run';

/** Options of {@link RedisSink.connect}. */
export interface RedisSinkOptions {
  readonly logger: Logger;

  /**
   * How long a server that is away is waited for, in milliseconds.
   *
   * @default 60000
   */
  readonly patienceMillis?: number;
}

const SCRIPTS = [WRITE_ROWS, READ_LIFE, NOTE_UNIT, SWITCH_RUN];

/** How long a run that is not completed is kept at least, in milliseconds. */
const LEAST_UNFINISHED_MILLIS = 24 * 60 * 60_000;

/** A unit is written so many times, while the server loses what it confirmed. */
const MOST_ATTEMPTS = 5;

/** What the shards of a run have to agree on. */
interface RunPlan {
  readonly sha256: string;
  readonly buckets: number;
}

/**
 * Predictions as a table in Redis, one set of keys a run. Several shards write a run at the same time; whatever is written
 * again gives the same table. Readers see nothing of it before it is complete.
 */
export class RedisSink {
  private readonly keys: TableKeys;

  private constructor(
    private readonly config: RedisSinkConfig,
    private readonly run: SinkRun,
    private readonly plan: RunPlan,
    private readonly redis: PatientRedis,
    private readonly reader: ParquetReader,
    private readonly logger: Logger,
  ) {
    this.keys = new TableKeys(config.table);
  }

  /**
   * Connects, and begins the run or joins those that have begun it.
   *
   * @throws RedisSinkError with exit code 43 when the server refuses the user, or another model has begun the run
   */
  static async connect(config: RedisSinkConfig, run: SinkRun, options: RedisSinkOptions): Promise<RedisSink> {
    const logger = options.logger.child({ table: config.table, run: run.id });
    const redis = await PatientRedis.connect({
      ...options,
      logger,
      connection: config,
      scripts: SCRIPTS,
    });
    try {
      const plan = await beginRun(config, run, redis);
      return new RedisSink(config, run, plan, redis, await ParquetReader.open(), logger);
    } catch (error) {
      redis.close();
      throw error;
    }
  }

  /**
   * Names of the units whose rows are in the table. A server that lost its data has fewer than were written.
   */
  async writtenUnits(): Promise<Set<string>> {
    const [names] = await this.redis.ask([['HKEYS', this.keys.units(this.run.id)]]);
    return new Set(names as string[]);
  }

  /**
   * Writes the rows of a unit, all or none of which count.
   *
   * @param parquetPath file of this machine with the key and the columns
   * @param unit name of the unit, the same in every attempt
   * @throws RedisSinkError
   */
  async writeUnit(parquetPath: string, unit: string): Promise<UnitRows> {
    const { config, run, redis, keys } = this;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      await beginRun(config, run, redis);
      const [life] = await redis.ask([['EVALSHA', READ_LIFE.sha1, '0']]);
      const written = await this.writeRows(parquetPath);
      const note = [String(life), unit, JSON.stringify(written), `${unfinishedMillis(config)}`];
      const [noted] = await redis.ask([
        ['EVALSHA', NOTE_UNIT.sha1, '2', keys.run(run.id), keys.units(run.id), ...note],
      ]);
      if (noted === 1) {
        return written;
      }
      this.logger.warn({ unit }, 'the server was restarted or emptied meanwhile: the unit is written again');
    }
    throw new RedisSinkError(
      `Redis at ${config.address} was restarted or emptied ${MOST_ATTEMPTS} times while a unit was written.`,
      EXIT_CODES.failure,
    );
  }

  /**
   * Checks that all rows are there and makes the run the current one, unless a newer one is. May be called again, and by
   * several shards.
   *
   * @param expectedRows rows of all units together
   * @throws RedisSinkError when rows are missing; then the run before stays the current one
   */
  async complete(expectedRows: number): Promise<RunOutcome> {
    const { config, run, plan, redis, keys, logger } = this;
    return new RunCompletion({ config, run, buckets: plan.buckets, redis, keys, logger }).complete(expectedRows);
  }

  /** Gives the connection up. */
  close(): void {
    this.redis.close();
    this.reader.close();
  }

  private async writeRows(parquetPath: string): Promise<UnitRows> {
    const { config, run, redis, keys, plan } = this;
    const timeToLiveMillis = unfinishedMillis(config);
    const writer = new RowWriter({ redis, keys, run: run.id, buckets: plan.buckets, timeToLiveMillis });
    let rows = 0;
    let withoutKey = 0;
    for await (const chunk of this.reader.rows(parquetPath, config.key, config.columns ?? run.predictions)) {
      if (rows === 0) {
        await this.agreeOn(chunk.columns);
      }
      for (const [index, key] of chunk.keys.entries()) {
        if (key === null) {
          withoutKey += 1;
          continue;
        }
        const full = writer.add(key, rowText(chunk.columns, chunk.tensors, index));
        if (full !== undefined) {
          await full;
        }
      }
      rows += chunk.keys.length;
    }
    await writer.flush();
    return { rows, withoutKey };
  }

  private async agreeOn(columns: readonly PredictionColumn[]): Promise<void> {
    const { redis, keys, run } = this;
    const own = columnsText(columns);
    // One after the other: a replica, which takes no first command, would answer the second.
    await redis.ask([['HSETNX', keys.run(run.id), 'columns', own]]);
    const [first] = await redis.ask([['HGET', keys.run(run.id), 'columns']]);
    // Without any the server was emptied: the unit is written again.
    if (first !== own && first !== null) {
      throw new RedisSinkError(
        `The columns of this unit are ${own}, those of the units before ${String(first)}. All files of a run must give the same columns.`,
        EXIT_CODES.badInput,
      );
    }
  }
}

async function beginRun(config: RedisSinkConfig, run: SinkRun, redis: PatientRedis): Promise<RunPlan> {
  const key = new TableKeys(config.table).run(run.id);
  const own: RunPlan = { sha256: run.model.sha256, buckets: bucketsFor(run.rows) };
  // One after the other: a replica, which takes no first command, would answer the second.
  await redis.ask([['HSETNX', key, 'plan', JSON.stringify(own)]]);
  const [first] = await redis.ask([
    ['HGET', key, 'plan'],
    ['PEXPIRE', key, `${unfinishedMillis(config)}`],
  ]);
  if (first === null) {
    return beginRun(config, run, redis); // the server was emptied in between
  }
  const plan = JSON.parse(String(first)) as RunPlan;
  if (plan.sha256 !== own.sha256) {
    throw new RedisSinkError(
      `The run '${run.id}' of the table '${config.table}' was begun with the model ${plan.sha256}, and this one is ` +
        `${own.sha256}. A run has one model: give this one another name.`,
      EXIT_CODES.badConfiguration,
    );
  }
  return plan;
}

function unfinishedMillis({ timeToLiveMillis }: RedisSinkConfig): number {
  return Math.max(timeToLiveMillis, LEAST_UNFINISHED_MILLIS);
}

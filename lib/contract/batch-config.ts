import type { ModelConfig } from './config';
import type { FeatureStoreTlsConfig } from './features-config';

/** Schema name of the configuration of a batch job. */
export const BATCH_SCHEMA = 'model-serving-batch/v1';

/** What the roles `batch` and `fetch` read: one model over one table. Durations are whole milliseconds, sizes bytes. */
export interface BatchConfig {
  /** Schema of this file; always {@link BATCH_SCHEMA}. */
  readonly schema: string;

  /** Name of the job, in logs, metrics and keys. */
  readonly name: string;

  /**
   * Identifies the run: the same run never writes a row twice.
   *
   * Absent = the name of the Kubernetes Job, which for a CronJob stands for its scheduled time.
   */
  readonly run?: string;

  /** Time zone of the schedule, and of dates in `input.uri`, as in the IANA database. Absent = UTC. */
  readonly timeZone?: string;

  /** The model: exactly one. */
  readonly models: ModelConfig[];

  /** The rows. */
  readonly input: DatasetConfig;

  /** Columns that become the inputs of the model. */
  readonly features: FeatureColumnsConfig[];

  /** Columns that are copied to the output. Absent = all that are no features. */
  readonly passThrough?: string[];

  /** Columns that the model's outputs become. Absent = a column for each output, under its name. */
  readonly predictions?: PredictionColumnConfig[];

  /** Where predictions go: at least one. */
  readonly sinks: PredictionSinkConfig[];

  /** Where plan, checkpoints and the record of the run are kept, below `<uri>/run=<run>/`. */
  readonly ledger: ObjectLocationConfig;

  /** Number of shards: completions of the Indexed Job. */
  readonly shards: number;

  /** Rows of one run of the model. Absent = found by measuring. */
  readonly batchRows?: number;

  /** Rows of one output part, and so of the work that a killed process loses: at most so many where row groups allow. */
  readonly partRows: number;

  /** Largest share of rows of a shard that may be errors, from 0 to 1; beyond it the shard fails (exit code 42). */
  readonly maxErrorRatio: number;

  /** Directory for downloads and parts, deleted as they are done with. */
  readonly scratchPath: string;

  /** Port of the Prometheus metrics. */
  readonly metricsPort: number;

  /** Time between two log lines about the progress. */
  readonly progressMillis: number;

  /** Time from SIGTERM to the end of the process, whatever it does: a unit that fits is finished. Absent = 30000. */
  readonly gracePeriodMillis?: number;
}

/** Objects of one store. */
export interface ObjectLocationConfig {
  /**
   * `s3://bucket/key`, `gs://bucket/object`, `https://account.blob.core.windows.net/container/blob`, `https://host/path`
   * (read only) or an absolute path.
   */
  readonly uri: string;

  /** How the store is reached. */
  readonly store: ObjectStoreConfig;
}

/** How an object store is reached. */
export interface ObjectStoreConfig {
  /** `s3`, `gcs`, `azure-blob`, `https` (read only) or `file`. */
  readonly type: string;

  /** Service address instead of the provider's own. */
  readonly endpoint?: string;

  /** Region of the bucket. Absent = the client's default. */
  readonly region?: string;

  /** Directory with credentials as files, with the keys of `ModelSourceConfig.credentialsPath`. */
  readonly credentialsPath?: string;

  /** Whether `http://` and hosts that resolve to private addresses are allowed. Absent = false. */
  readonly allowPrivate?: boolean;
}

/** A table: files of one format and schema. */
export interface DatasetConfig extends ObjectLocationConfig {
  /**
   * `uri` of the files. `*` stands for any text without `/`, `**` for any text; `{date}` and `{hour}` for the date
   * (`2026-11-22`) and hour (`00` to `23`) of the run in its time zone.
   */
  readonly uri: string;

  /** `parquet`, `csv` or `json-lines`. */
  readonly format: string;

  /** How CSV is written. Absent = comma, header line, double quotes, empty fields missing. */
  readonly csv?: CsvConfig;
}

/** How CSV is written. */
export interface CsvConfig {
  /** One character. Absent = a comma. */
  readonly delimiter?: string;

  /** Text that stands for a missing value, besides the empty field. */
  readonly missing?: string;

  /** Names of the columns, where the files have no header line. */
  readonly columns?: string[];

  /** Whether quoted fields may hold line breaks; then files are not split. Absent = true. */
  readonly multiline?: boolean;
}

/** Columns that become one input of the model. */
export interface FeatureColumnsConfig {
  /** Name of the model's input. */
  readonly input: string;

  /** Columns of the table, in order; as many as the input has elements a row. */
  readonly columns: string[];
}

/** A column of predictions. */
export interface PredictionColumnConfig {
  /** Name of the column. */
  readonly name: string;

  /** Name of the model's output. */
  readonly output: string;

  /**
   * `value`: the row of the output, a number or text, or a list where it has several. `element`: one element of it.
   * `top-k`: the positions (or `classes`) of its largest elements, largest first, as a list.
   */
  readonly kind: string;

  /** Which element, counted from 0 (`element` alone). */
  readonly element?: number;

  /** How many (`top-k` alone). */
  readonly k?: number;

  /** Names of the elements (`top-k` alone). Absent = their positions. */
  readonly classes?: string[];
}

/** Where predictions go. */
export type PredictionSinkConfig = FileSinkConfig | RedisSinkConfig;

/** Files below `<uri>/run=<run>/`, of which `_SUCCESS.json` lists those that count. */
export interface FileSinkConfig extends ObjectLocationConfig {
  readonly type: 'files';

  /** `parquet`, `csv` or `json-lines`. */
  readonly format: string;
}

/** Hashes of a Redis server, one set of keys a run, and a pointer to the run that is current. */
export interface RedisSinkConfig extends RedisTableConfig {
  readonly type: 'redis';

  /** Column with the key of the row: one of the columns that are copied. */
  readonly key: string;

  /** Columns that are kept. Absent = all columns of predictions. */
  readonly columns?: string[];

  /** How long a run is kept, in milliseconds. */
  readonly timeToLiveMillis: number;
}

/** A table of predictions in Redis, as writers and readers name it. */
export interface RedisTableConfig {
  /** `host:port`. */
  readonly address: string;

  /** Number of the database. Absent = 0. */
  readonly database?: number;

  /** User of the server's access control. Absent = its default user. */
  readonly username?: string;

  /** File with the password, read again when a connection is made. Absent = none. */
  readonly passwordPath?: string;

  /** TLS to the server. Absent = plain TCP. */
  readonly tls?: FeatureStoreTlsConfig;

  /** Name of the table: the start of all its keys. */
  readonly table: string;
}

import type { Duration } from 'cdk8s';
import type { RedisServerOptions } from '../online';
import type { DataLocation, ObjectStoreOptions } from './data-location';

/** Options of {@link PredictionSink.parquet}, {@link PredictionSink.csv} and {@link PredictionSink.jsonLines}. */
export interface FileSinkOptions extends ObjectStoreOptions {}

/** Options of {@link PredictionSink.redis}. */
export interface RedisSinkOptions extends RedisServerOptions {
  /** Column with the key of a row: one that is copied. */
  readonly key: string;

  /**
   * How long the predictions of a run are kept. Longer than the time between two runs, so that an old prediction is there
   * until the next one is; twice as long lets one run fail.
   */
  readonly timeToLive: Duration;

  /**
   * Columns that are kept.
   *
   * @default - all columns of predictions
   */
  readonly columns?: string[];

  /**
   * Name of the table: the start of its keys in Redis. Jobs with the same table replace each other's predictions.
   *
   * @default - the name of the model
   */
  readonly table?: string;
}

/**
 * Where the predictions of a batch job go.
 *
 * Files are written below `<uri>/run=<run>/`; `_SUCCESS.json` in there lists those that count, when the run is complete.
 */
export class PredictionSink {
  /**
   * Parquet files.
   *
   * @param uri address of the directory: `s3://bucket/key`, `gs://bucket/object`,
   * `https://account.blob.core.windows.net/container/blob` or `pvc://claim/path`
   * @param options how the store is reached
   */
  public static parquet(uri: string, options: FileSinkOptions = {}): PredictionSink {
    return new PredictionSink({ type: 'files', format: 'parquet', location: { what: 'output', uri, options } });
  }

  /**
   * CSV files with a header line.
   *
   * @param uri address of the directory, as of {@link PredictionSink.parquet}
   * @param options how the store is reached
   */
  public static csv(uri: string, options: FileSinkOptions = {}): PredictionSink {
    return new PredictionSink({ type: 'files', format: 'csv', location: { what: 'output', uri, options } });
  }

  /**
   * Files of JSON lines.
   *
   * @param uri address of the directory, as of {@link PredictionSink.parquet}
   * @param options how the store is reached
   */
  public static jsonLines(uri: string, options: FileSinkOptions = {}): PredictionSink {
    return new PredictionSink({ type: 'files', format: 'json-lines', location: { what: 'output', uri, options } });
  }

  /**
   * Redis, or a server that speaks its protocol: a table of the predictions of the last complete run, by key, which
   * {@link PredictionLookup} answers from. Readers see all of a run, or nothing of it.
   *
   * @param options address, key and time to live
   */
  public static redis(options: RedisSinkOptions): PredictionSink {
    return new PredictionSink({ type: 'redis', options });
  }

  /** @internal */
  public readonly _sink: SinkInput;

  private constructor(sink: SinkInput) {
    this._sink = sink;
  }
}

/** One of the kinds of sinks. */
export type SinkInput = FilesInput | { readonly type: 'redis'; readonly options: RedisSinkOptions };

interface FilesInput {
  readonly type: 'files';
  readonly format: string;
  readonly location: DataLocation;
}

/** The sinks of files. */
export function fileSinks(sinks: PredictionSink[]): FilesInput[] {
  return sinks.flatMap(({ _sink: sink }) => (sink.type === 'files' ? [sink] : []));
}

/** What the sinks of Redis are declared with. */
export function redisSinks(sinks: PredictionSink[]): RedisSinkOptions[] {
  return sinks.flatMap(({ _sink: sink }) => (sink.type === 'redis' ? [sink.options] : []));
}

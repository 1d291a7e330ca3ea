import type { CsvConfig } from '../contract';
import type { DataLocation, ObjectStoreOptions } from './data-location';

/** Options of {@link Dataset.parquet} and {@link Dataset.jsonLines}. */
export interface DatasetOptions extends ObjectStoreOptions {}

/** Options of {@link Dataset.csv}. */
export interface CsvDatasetOptions extends DatasetOptions {
  /**
   * Character between fields.
   *
   * @default - a comma
   */
  readonly delimiter?: string;

  /**
   * Text that stands for a missing value, besides the empty field.
   *
   * @default - none
   */
  readonly missing?: string;

  /**
   * Names of the columns, where the files have no header line.
   *
   * @default - the first line of each file is its header
   */
  readonly columns?: string[];

  /**
   * Whether quoted fields may hold line breaks. Files are then not split between shards.
   *
   * @default true
   */
  readonly multiline?: boolean;
}

/**
 * A table: files of one format and schema.
 *
 * An address is `s3://bucket/key`, `gs://bucket/object`, `https://account.blob.core.windows.net/container/blob`,
 * `https://host/path` (one file), or `pvc://claim/path` (a persistent volume claim in the namespace of the job). `*` stands
 * for any text without `/`, `**` for any text; `{date}` (`2026-11-22`) and `{hour}` (`00` to `23`) for the time of the run.
 */
export class Dataset {
  /**
   * Parquet files: columns are read alone, and files are split by their row groups.
   *
   * @param uri address of the files
   * @param options how the store is reached
   */
  public static parquet(uri: string, options: DatasetOptions = {}): Dataset {
    return new Dataset('parquet', uri, options);
  }

  /**
   * CSV files (RFC 4180), by default with a header line. Compressed ones (`.gz`) are not split.
   *
   * @param uri address of the files
   * @param options how CSV is written, and how the store is reached
   */
  public static csv(uri: string, options: CsvDatasetOptions = {}): Dataset {
    const { delimiter, missing, columns, multiline, ...store } = options;
    return new Dataset('csv', uri, store, { delimiter, missing, columns, multiline });
  }

  /**
   * JSON lines: one object a line, its keys are the columns. Compressed files (`.gz`) are not split.
   *
   * @param uri address of the files
   * @param options how the store is reached
   */
  public static jsonLines(uri: string, options: DatasetOptions = {}): Dataset {
    return new Dataset('json-lines', uri, options);
  }

  /** Format of the files: `parquet`, `csv` or `json-lines`. */
  public readonly format: string;

  /** Address of the files. */
  public readonly uri: string;

  /** @internal */
  public readonly _location: DataLocation;

  /** @internal */
  public readonly _csv: CsvConfig | undefined;

  private constructor(format: string, uri: string, options: ObjectStoreOptions, csv?: CsvConfig) {
    this.format = format;
    this.uri = uri;
    this._location = { what: 'input', uri, options };
    this._csv = csv;
  }
}

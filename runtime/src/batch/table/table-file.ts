import type { CsvConfig } from '../../contract';

/** Formats of tables. */
export type TableFormat = 'parquet' | 'csv' | 'json-lines';

/**
 * A file of this machine that holds rows.
 *
 * Text is read whole. A CSV file has a header line, unless `csv.columns` is given.
 */
export interface TableFile {
  readonly path: string;
  readonly format: TableFormat;

  /** How CSV is written. Absent = comma, header line, double quotes, empty fields missing. */
  readonly csv?: CsvConfig;

  /**
   * Names of all columns (`json-lines` alone), where not every file has all of them. Absent = those of the first rows.
   */
  readonly columns?: readonly string[];

  /**
   * Row groups that are read, from the first to before the last (`parquet` alone). Absent = all.
   *
   * Nothing else of the file is read but its footer, so the rest may be holes.
   */
  readonly rowGroups?: readonly [number, number];

  /**
   * Number that its first row has in messages about rows: of the first row of the file, not of the row groups.
   *
   * @default 0
   */
  readonly firstRow?: number;
}

/** A file that is written. It must not be there yet. */
export interface OutputFile {
  readonly path: string;
  readonly format: TableFormat;
}

/** What is known of a table without reading its rows. */
export interface TableSchema {
  readonly columns: readonly TableColumn[];

  /** Row groups, in order (`parquet` alone). */
  readonly rowGroups?: readonly RowGroup[];

  /** Number of rows (`parquet` alone). */
  readonly rows?: number;
}

/** A column of a table. */
export interface TableColumn {
  readonly name: string;

  /** Its type as DuckDB writes it, for example `DOUBLE`. `VARCHAR` for CSV, `JSON` for JSON lines: text has no types. */
  readonly type: string;
}

/** A row group of a Parquet file. */
export interface RowGroup {
  readonly rows: number;

  /** Size of all its columns in the file. */
  readonly bytes: number;

  /** Where its columns are in the file. A column of the table may have several: a list or a struct has one for each leaf. */
  readonly columns: readonly ColumnChunk[];
}

/** The bytes of one column in one row group. */
export interface ColumnChunk {
  /** Name of the column of the table. */
  readonly name: string;

  /** Position of the first byte in the file. */
  readonly from: number;
  readonly bytes: number;
}

import type { FeatureColumnsConfig, PredictionColumnConfig } from '../../contract';
import type { OutputFile, TableFile, TableSchema } from './table-file';

/** What becomes of the columns of a table. */
export interface ScorerOptions {
  /** Columns that become the inputs of the model. */
  readonly features: readonly FeatureColumnsConfig[];

  /** Columns that are copied to the output, in this order. Absent = all that are no features. */
  readonly passThrough?: readonly string[];

  /** Columns that the model's outputs become. Absent = a column for each output, under its name. */
  readonly predictions?: readonly PredictionColumnConfig[];

  /** Rows of one run of the model. Absent = found by measuring. */
  readonly batchRows?: number;
}

/** Where the rows of a table go. */
export interface ScoreOutput {
  /** One file for each format: columns that are copied, then predictions. At least one. */
  readonly files: readonly OutputFile[];

  /**
   * File for the rows that have no prediction, as JSON lines; there only when there are some. Each line is an object with
   * `row` (number of the row, see {@link TableFile.firstRow}; of text the lines without content do not count), `reason`, `column`
   * where one is to blame, `values` (the columns that are copied) and, of a line that is no row, its `text` instead.
   */
  readonly errorsPath: string;
}

/** How a table is scored. */
export interface ScoreOptions {
  /** Stops the work; what was written is deleted. */
  readonly signal?: AbortSignal;

  /** Learns of progress: rows with a prediction and rows with an error, since the last call. */
  onRows?(rows: number, errors: number): void;

  /** Learns that every row is read and scored, so what is left is writing: another table may be begun beside it. */
  onRead?(): void;

  /** What is known of the input. Absent = it is looked up in the file. */
  readonly schema?: TableSchema;
}

/** What became of the rows of a table: `rowsIn` = `rowsOut` + `rowsError`. */
export interface Score {
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly rowsError: number;
}

/** Scores tables by one model. */
export interface Scorer {
  /** Everything that does not fit a table of this schema; empty when it can be scored. */
  mismatches(schema: TableSchema): string[];

  /** Names of the columns that are read, for a table of this schema. */
  columnsRead(schema: TableSchema): string[];

  /** Names of the columns that are written, for a table of this schema. */
  columnsWritten(schema: TableSchema): string[];

  /**
   * Writes a prediction or an error for every row, and every row once.
   *
   * When it fails there is neither an output nor a file of errors. Several tables may be scored at the same time.
   *
   * @throws TableError when the file is no table of its format, or does not fit
   * @throws the signal's reason
   */
  score(input: TableFile, output: ScoreOutput, options?: ScoreOptions): Promise<Score>;
}

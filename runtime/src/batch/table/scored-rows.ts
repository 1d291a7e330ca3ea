import type { PredictionColumn } from '../../prediction-columns';
import type { Batch } from './batch';
import type { Connection } from './database';
import type { Fault } from './faults';
import type { RunPart } from './model-runner';
import { identifier, literal } from './sql';
import type { OutputFile } from './table-file';

/** A column that is copied. */
export interface PassedColumn {
  readonly name: string;

  /** Its value, as SQL reads it. */
  readonly sql: string;

  /** Its type in SQL. */
  readonly sqlType: string;

  /** Whether it is JSON of which files other than JSON get the text. */
  readonly unwrap: boolean;
}

/** A row without prediction. */
export interface RefusedRow extends Fault {
  /** Number of the row among those that were read, from 0 on. */
  readonly position: number;
}

const FORMATS: Readonly<Record<OutputFile['format'], string>> = {
  parquet: 'FORMAT parquet, COMPRESSION snappy',
  csv: 'FORMAT csv, HEADER',
  'json-lines': 'FORMAT json',
};

/** The rows of one table with their predictions, or faults, until they are written to files. */
export abstract class ScoredRows {
  /** Rows without prediction, in the order in which they were found. */
  readonly refused: RefusedRow[] = [];

  /** Number of rows so far. */
  rows = 0;

  constructor(
    protected readonly connection: Connection,
    protected readonly passed: readonly PassedColumn[],
    protected readonly predictions: readonly PredictionColumn[],
  ) {}

  /**
   * Takes the rows of a batch, with the outputs of the runs that they were in.
   *
   * @param position of the first row, among those of the table
   */
  append(batch: Batch, parts: readonly RunPart[], position: number): void {
    const first = this.refused.length;
    const faults = [...batch.faults.byRow].sort(([a], [b]) => a - b);
    const numbers = new Map(faults.map(([row], index) => [row, BigInt(first + index)]));
    for (const [row, fault] of faults) {
      this.refused.push({ ...fault, position: position + row });
    }
    this.keep(batch, parts, numbers, position);
    this.rows += batch.rows;
  }

  /** Writes the rows with predictions to a file. */
  async write({ path, format }: OutputFile): Promise<void> {
    const column = (value: string, type: string, name: string, unwrap = false) =>
      `${format === 'json-lines' ? jsonOf(value, type) : unwrap ? `(${value} ->> '$')` : value} AS ${identifier(name)}`;
    const columns = [
      ...this.passed.map(({ name, sqlType, unwrap }, index) => column(`p${index}`, sqlType, name, unwrap)),
      ...this.predictions.map((prediction, index) => column(`q${index}`, typeOf(prediction), prediction.name)),
    ];
    await this.connection.run(
      `COPY (SELECT ${columns.join(', ')} FROM ${this.from} ${this.refused.length > 0 ? 'WHERE fault < 0' : ''})
       TO ${literal(path)} (${FORMATS[format]})`,
    );
  }

  /** Calls back for each row without prediction, with what is copied of it as JSON. */
  async eachRefused(take: (row: RefusedRow, values: string) => void, afterSome: () => Promise<void>): Promise<void> {
    const members = this.passed.map(
      ({ name, sqlType }, index) => `${identifier(name)} := ${jsonOf(`p${index}`, sqlType)}`,
    );
    const values = members.length === 0 ? `'{}'` : `to_json(struct_pack(${members.join(', ')}))::VARCHAR`;
    await this.connection.eachRow(
      `SELECT fault::VARCHAR AS "fault", ${values} AS "values" FROM ${this.from} WHERE fault >= 0`,
      ({ fault, values: text }) => take(this.refused[Number(fault)], text ?? '{}'),
      afterSome,
    );
  }

  /** Whether it takes what is copied from the chunks of batches. */
  abstract readonly needsChunks: boolean;

  /** No more rows come. */
  abstract finish(): void;

  /** Frees everything. */
  abstract drop(): Promise<void>;

  /**
   * A table in SQL with the columns `fault` (position among those without prediction; negative = it has one), `p0`, `p1`, … for
   * what is copied, and `q0`, `q1`, … for the predictions.
   */
  protected abstract readonly from: string;

  /** @param faults positions among the rows without prediction, by the position in the batch */
  protected abstract keep(
    batch: Batch,
    parts: readonly RunPart[],
    faults: ReadonlyMap<number, bigint>,
    position: number,
  ): void;
}

/** Type of a column of predictions in SQL. */
export function typeOf({ type, isList }: PredictionColumn): string {
  return isList ? `${type}[]` : type;
}

/** A value for JSON, which has no numbers for NaN and infinities: they are text, as in answers online. */
function jsonOf(value: string, type: string): string {
  if (type === 'FLOAT' || type === 'DOUBLE') {
    return (
      `CASE WHEN ${value} IS NULL OR isfinite(${value}) THEN to_json(${value}) WHEN isnan(${value}) THEN '"NaN"'::JSON ` +
      `WHEN ${value} > 0 THEN '"Infinity"'::JSON ELSE '"-Infinity"'::JSON END`
    );
  }
  if (type === 'FLOAT[]' || type === 'DOUBLE[]') {
    return `list_transform(${value}, lambda e: ${jsonOf('e', type.slice(0, -2))})`;
  }
  return value;
}

import type { TensorData } from '../../model';
import type { Elements, PredictionColumn } from '../../prediction-columns';
import type { Batch } from './batch';
import type { Connection } from './database';
import type { ElementMemory } from './element-memory';
import type { RunPart } from './model-runner';
import type { PredictionFunctions } from './prediction-functions';
import { type PassedColumn, ScoredRows } from './scored-rows';

/** Predictions of a file take so much memory at most, in bytes. */
const MOST_BYTES = 32 * 1024 * 1024;

/** Memory of an element, at most; texts are counted for more, because JavaScript keeps them. */
const ELEMENT_BYTES = 8;
const TEXT_BYTES = 64;

/** Whether the predictions for so many rows can be held in memory. */
export function canBeHeld(predictions: readonly PredictionColumn[], rows: number): boolean {
  let bytes = 0;
  for (const { width, type } of predictions) {
    bytes += rows * (width ?? Number.POSITIVE_INFINITY) * (type === 'VARCHAR' ? TEXT_BYTES : ELEMENT_BYTES);
  }
  return bytes <= MOST_BYTES;
}

/**
 * Rows that stay in their Parquet file, with predictions in memory: what is copied is read from the file when it is written, by
 * DuckDB alone.
 */
export class RowsOfFile extends ScoredRows {
  override readonly needsChunks = false;
  private readonly columns: (Elements | undefined)[];
  private readonly faults = new Map<number, bigint>();
  private table: number | undefined;

  /**
   * @param source the rows, in SQL
   * @param firstRow number of the first of them in the file
   * @param total how many there are
   */
  constructor(
    connection: Connection,
    passed: readonly PassedColumn[],
    predictions: readonly PredictionColumn[],
    private readonly functions: PredictionFunctions,
    private readonly memory: ElementMemory,
    private readonly source: string,
    private readonly firstRow: number,
    private readonly total: number,
  ) {
    super(connection, passed, predictions);
    this.columns = predictions.map(() => undefined);
  }

  override finish(): void {
    if (this.rows !== this.total) {
      throw new Error(`${this.rows} rows were read where the file says ${this.total}.`);
    }
    let faults: BigInt64Array | undefined;
    if (this.refused.length > 0) {
      faults = new BigInt64Array(this.total).fill(-1n);
      for (const [row, fault] of this.faults) {
        faults[row] = fault;
      }
    }
    this.table = this.functions.add({ firstRow: this.firstRow, columns: this.columns, faults });
  }

  override async drop(): Promise<void> {
    if (this.table !== undefined) {
      this.functions.forget(this.table);
    }
    for (const column of this.columns.splice(0)) {
      if (column !== undefined) {
        this.memory.give(column.data);
      }
    }
  }

  protected override get from(): string {
    const table = this.table ?? 0;
    const columns = [
      `${this.functions.call(table, 'fault')} AS fault`,
      ...this.passed.map(({ sql }, index) => `${sql} AS p${index}`),
      ...this.predictions.map((_, index) => `${this.functions.call(table, index)} AS q${index}`),
    ];
    return `(SELECT ${columns.join(', ')} FROM ${this.source})`;
  }

  protected override keep(
    _batch: Batch,
    parts: readonly RunPart[],
    faults: ReadonlyMap<number, bigint>,
    position: number,
  ): void {
    for (const [row, fault] of faults) {
      this.faults.set(position + row, fault);
    }
    for (const { from, rows, outputs } of parts) {
      this.predictions.forEach(({ take }, index) => {
        const { data, width } = take(outputs, 0, rows);
        this.columns[index] ??= { data: this.memory.take(data, this.total * width), width };
        put(this.columns[index].data, data, (position + from) * width);
      });
    }
  }
}

function put(target: TensorData, data: TensorData, offset: number): void {
  if (Array.isArray(target)) {
    for (let index = 0; index < data.length; index += 1) {
      target[offset + index] = data[index] as string;
    }
  } else {
    // Both come from the same column, so both are the same kind of array.
    (target as Float32Array).set(data as Float32Array, offset);
  }
}

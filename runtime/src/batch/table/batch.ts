import duckdb from '@duckdb/node-bindings';
import { DATATYPES, type Tensor } from '../../model';
import { readElements } from './elements';
import { BatchFaults } from './faults';
import type { FeatureInput } from './feature-columns';

/** Rows of a chunk of DuckDB, at most. */
export const CHUNK_ROWS = 2048;

/** Chunks whose rows are run together, with the tensors that were made of them. */
export class Batch {
  /** The chunks, when they are kept. */
  readonly chunks: { readonly chunk: duckdb.DataChunk; readonly firstRow: number; readonly rows: number }[] = [];
  faults = new BatchFaults();

  /** Number of rows so far. */
  rows = 0;
  private readonly tensors: Tensor[];

  /**
   * @param inputs the columns of every input, side by side in the chunks
   * @param capacity most rows
   * @param keepsChunks whether more than the inputs is needed of the chunks
   */
  constructor(
    private readonly inputs: readonly FeatureInput[],
    private readonly capacity: number,
    private readonly keepsChunks: boolean,
  ) {
    this.tensors = inputs.map(({ spec: { datatype }, rowShape, columns }) => ({
      datatype,
      shape: [capacity, ...rowShape],
      data: DATATYPES[datatype].allocate(capacity * columns.length),
    }));
  }

  /** Empties it, for other rows: the memory of its tensors is used again. */
  clear(): void {
    this.chunks.length = 0;
    this.faults = new BatchFaults();
    this.rows = 0;
  }

  /** Takes the rows of a chunk. */
  add(chunk: duckdb.DataChunk): void {
    const rows = duckdb.data_chunk_get_size(chunk);
    const firstRow = this.rows;
    let position = 0;
    this.inputs.forEach(({ spec: { datatype }, columns }, input) => {
      const stride = columns.length;
      const { data } = this.tensors[input];
      columns.forEach(({ name, carrier }, index) => {
        const vector = duckdb.data_chunk_get_vector(chunk, position);
        const place = { datatype, data, offset: firstRow * stride + index, stride, firstRow };
        readElements(vector, rows, carrier, place, name, this.faults);
        position += 1;
      });
    });
    if (this.keepsChunks) {
      this.chunks.push({ chunk, firstRow, rows });
    }
    this.rows += rows;
  }

  /** Whether another chunk might not fit. */
  get full(): boolean {
    return this.rows + CHUNK_ROWS > this.capacity;
  }

  /**
   * The rows as the model takes them. Those with a fault are copies of one without, so that the model does not fail for
   * them; undefined when all have a fault.
   */
  runnable(): readonly Tensor[] | undefined {
    const good = this.firstGood();
    if (good === undefined) {
      return undefined;
    }
    for (const row of this.faults.byRow.keys()) {
      for (const { data, shape } of this.tensors) {
        const stride = data.length / shape[0];
        if (Array.isArray(data)) {
          for (let index = 0; index < stride; index += 1) {
            data[row * stride + index] = data[good * stride + index];
          }
        } else {
          data.copyWithin(row * stride, good * stride, (good + 1) * stride);
        }
      }
    }
    if (this.rows === this.capacity) {
      return this.tensors;
    }
    return this.tensors.map(({ datatype, shape, data }) => {
      const length = (data.length / shape[0]) * this.rows;
      return {
        datatype,
        shape: [this.rows, ...shape.slice(1)],
        data: Array.isArray(data) ? data.slice(0, length) : data.subarray(0, length),
      };
    });
  }

  private firstGood(): number | undefined {
    for (let row = 0; row < this.rows; row += 1) {
      if (!this.faults.byRow.has(row)) {
        return row;
      }
    }
    return undefined;
  }
}

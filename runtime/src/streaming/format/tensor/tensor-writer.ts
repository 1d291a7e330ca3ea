import { binaryRows } from '../../../protocol';
import type { PredictedRows } from '../../event';
import type { ValueWriter, WrittenValues } from '../output/value-writer';
import type { RowBatch } from '../row-batch';

/** Writes a row of each output, one after the other, as binary tensors of protocol V2 are. */
export class TensorWriter implements ValueWriter {
  constructor(private readonly outputs: number) {}

  write(_batch: RowBatch, { rows, outputs, firstOutputRow }: PredictedRows): WrittenValues {
    const tensors = outputs.slice(0, this.outputs);
    // Copies: the outputs are memory of the engine.
    const values = Array.from({ length: rows }, (_, row) =>
      Buffer.concat(tensors.map((tensor) => binaryRows(tensor, firstOutputRow + row, 1))),
    );
    return { values };
  }
}

import { DYNAMIC, type Signature } from '../model';
import type { PredictionColumn } from '../prediction-table';

/**
 * What clients of a table send and get: the keys, one text a row, and the columns.
 *
 * @param key name of the input
 */
export function lookupSignature(key: string, columns: readonly PredictionColumn[]): Signature {
  const rows = 'rows';
  return {
    inputs: [{ name: key, datatype: 'BYTES', shape: [DYNAMIC, 1], symbols: [rows, undefined], flatRows: true }],
    outputs: columns.map(({ name, datatype, shape }) => ({
      name,
      datatype,
      shape: [DYNAMIC, ...shape],
      symbols: [rows, ...shape.map(() => undefined)],
    })),
  };
}

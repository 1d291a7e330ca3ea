import { DATATYPES, elementCount, type Tensor } from '../model';
import { type PredictionColumn, readRow } from '../prediction-table';
import type { RowSource } from '../telemetry';

/** What is known of a key: the text of its row, and the run that has it. */
export interface FoundRow {
  readonly text: string | undefined;
  readonly source: RowSource;
}

/** Outputs of a request, and where each row came from. */
export interface FilledRows {
  readonly outputs: Tensor[];
  readonly sources: RowSource[];
}

/**
 * Makes the outputs of a request.
 *
 * @param rows one for each row
 * @param fallback one row of each output, for keys that no run has; undefined = there is none
 */
export function fillRows(
  columns: readonly PredictionColumn[],
  rows: readonly FoundRow[],
  fallback: readonly Tensor[] | undefined,
): FilledRows {
  const outputs = columns.map(({ datatype, shape }) => ({
    datatype,
    shape: [rows.length, ...shape],
    data: DATATYPES[datatype].allocate(rows.length * elementCount(shape)),
  }));
  const targets = outputs.map(({ data }) => data);
  const sources = rows.map(({ text, source }, row): RowSource => {
    if (text !== undefined) {
      return readRow(text, columns, targets, row) ? source : 'invalid';
    }
    if (source !== 'missing' || fallback === undefined) {
      return source;
    }
    for (const [column, { data }] of fallback.entries()) {
      for (let index = 0; index < data.length; index += 1) {
        targets[column][row * data.length + index] = data[index];
      }
    }
    return 'default';
  });
  return { outputs, sources };
}

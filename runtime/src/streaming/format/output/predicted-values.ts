import type { PredictedRows } from '../../event';
import type { PredictionField } from './output-field';

/** The predictions of each row, by the names of their fields. Integers of 64 bits are bigints. */
export function predictedValues(
  fields: readonly PredictionField[],
  { outputs, firstOutputRow, rows }: PredictedRows,
): Record<string, unknown>[] {
  const columns = fields.map(({ name, take, isList, datatype }) => {
    const { data, width } = take(outputs, firstOutputRow, rows);
    const at = (index: number) => (datatype === 'BOOL' ? data[index] !== 0 : data[index]);
    const list = (row: number) => Array.from({ length: width }, (_, element) => at(row * width + element));
    return { name, take: isList ? list : at };
  });
  return Array.from({ length: rows }, (_, row) => {
    // Without prototype: a field may be called `__proto__`.
    const value = Object.create(null) as Record<string, unknown>;
    for (const { name, take } of columns) {
      value[name] = take(row);
    }
    return value;
  });
}

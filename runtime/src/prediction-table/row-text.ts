import { elementCount, type Tensor, type TensorData } from '../model';
import { ELEMENT_READERS, flatText } from '../protocol';
import type { PredictionColumn } from './columns';

/** So many digits may be more than a JavaScript number holds. */
const MANY_DIGITS = /\d{16}/;

/**
 * A row as it is kept: a JSON list with the value of each column, itself a list where the column has several. Numbers have
 * the digits that give the same bits back; what is not finite is `"NaN"`, `"Infinity"` or `"-Infinity"`.
 *
 * Text, so that any program can read a table without this one.
 *
 * @param tensors one for each column, of the shape `[rows, …shape of the column]`
 */
export function rowText(columns: readonly PredictionColumn[], tensors: readonly Tensor[], row: number): string {
  let text = '[';
  for (let index = 0; index < columns.length; index += 1) {
    const list = flatText(tensors[index], row, 1);
    text += `${index === 0 ? '' : ','}${columns[index].shape.length === 0 ? list.slice(1, -1) : list}`;
  }
  return `${text}]`;
}

/**
 * Reads a row into tensors.
 *
 * @param targets elements of one tensor a column
 * @param row which row of the tensors it becomes
 * @returns false when the text is no row of these columns; then what is in the tensors has no meaning
 */
export function readRow(
  text: string,
  columns: readonly PredictionColumn[],
  targets: readonly TensorData[],
  row: number,
): boolean {
  const values = valuesOf(text);
  return (
    Array.isArray(values) &&
    values.length === columns.length &&
    columns.every((column, index) => readValue(values[index], column, targets[index], row))
  );
}

function readValue(value: unknown, { datatype, shape }: PredictionColumn, target: TensorData, row: number): boolean {
  const count = elementCount(shape);
  const values = shape.length === 0 ? [value] : value;
  if (!Array.isArray(values) || values.length !== count) {
    return false;
  }
  if (datatype === 'BYTES') {
    // Not as a request would be read: whatever text was predicted is the answer.
    return values.every((text: unknown, index) => {
      (target as string[])[row * count + index] = text as string;
      return typeof text === 'string';
    });
  }
  return ELEMENT_READERS[datatype].read(values, target, row * count) < 0;
}

/** Parsed JSON, integers of any size exactly; undefined when it is none. */
function valuesOf(text: string): unknown {
  try {
    return MANY_DIGITS.test(text) ? JSON.parse(text, exactly) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function exactly(_key: string, value: unknown, context?: { source?: string }): unknown {
  const inexact = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return inexact && context?.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}

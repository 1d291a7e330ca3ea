import { isUtf8 } from 'node:buffer';
import type { TensorData } from '../../model';
import { ELEMENT_READERS } from '../../protocol';
import type { RecordRefusal } from '../event';
import type { InputField } from './input-field';
import { valueAt } from './json-pointer';
import { cut, shownValue } from './shown-value';

const MOST_MESSAGE = 160;

/** Where values come from: JSON; or a binary format, which has numbers that are not finite, and bytes. */
export type ValueKind = 'text' | 'binary';

/** Holds the value that is read. */
const box: unknown[] = [undefined];

/**
 * Writes the values that are mapped to inputs into a row.
 *
 * @param value of an event, as JSON has values; integers of any size may be bigints
 * @param data elements of each input
 * @returns why the event has no row
 * @throws INEXACT_INTEGER when an integer of 64 bits is a number that is not exact
 */
export function writeRow(
  value: unknown,
  fields: readonly InputField[],
  data: readonly TensorData[],
  row: number,
  kind: ValueKind = 'text',
): RecordRefusal | undefined {
  for (let index = 0; index < fields.length; index += 1) {
    const reason = writeField(value, fields[index], data[index], row * fields[index].width, kind);
    if (reason !== undefined) {
      return { errorClass: 'mapping', reason };
    }
  }
  return undefined;
}

function writeField(
  value: unknown,
  field: InputField,
  data: TensorData,
  offset: number,
  kind: ValueKind,
): string | undefined {
  const { pointers, width } = field;
  if (pointers.length === 1) {
    const [pointer] = pointers;
    const found = valueAt(value, pointer);
    if (width !== 1 || Array.isArray(found)) {
      return writeList(found, pointer.text, field, data, offset, kind);
    }
  }
  for (let element = 0; element < pointers.length; element += 1) {
    const { text } = pointers[element];
    const reason = writeElement(valueAt(value, pointers[element]), text, field, data, offset + element, kind);
    if (reason !== undefined) {
      return reason;
    }
  }
  return undefined;
}

/** A list of all elements, flat or nested as the rows of the input. */
function writeList(
  found: unknown,
  pointer: string,
  field: InputField,
  data: TensorData,
  offset: number,
  kind: ValueKind,
): string | undefined {
  const { width, missing, rowShape } = field;
  if (found === undefined || found === null) {
    if (missing === undefined) {
      return lacks(pointer, found, field);
    }
    for (let element = 0; element < width; element += 1) {
      data[offset + element] = missing[0];
    }
    return undefined;
  }
  if (!Array.isArray(found)) {
    return `Field '${pointer}' is ${shownValue(found)}; a list of ${width} is needed (input '${field.spec.name}').`;
  }
  const flat = found.some(Array.isArray) ? flattened(found, rowShape) : found;
  if (flat === undefined || flat.length !== width) {
    const size = rowShape.length > 1 ? `${width}, or lists nested as [${rowShape.join(', ')}],` : `${width}`;
    return `Field '${pointer}' is ${shownValue(found)}; a list of ${size} is needed (input '${field.spec.name}').`;
  }
  for (let element = 0; element < width; element += 1) {
    const reason = writeElement(flat[element], `${pointer}/${element}`, field, data, offset + element, kind);
    if (reason !== undefined) {
      return reason;
    }
  }
  return undefined;
}

function writeElement(
  found: unknown,
  pointer: string,
  field: InputField,
  data: TensorData,
  offset: number,
  kind: ValueKind,
): string | undefined {
  const { spec, missing } = field;
  if (found === undefined || found === null) {
    if (missing === undefined) {
      return lacks(pointer, found, field);
    }
    data[offset] = missing[0];
    return undefined;
  }
  const reader = ELEMENT_READERS[spec.datatype];
  box[0] = kind === 'text' ? found : asJson(found);
  if (reader.read(box, data, offset) >= 0) {
    return `Field '${cut(pointer, MOST_MESSAGE)}' is ${shownValue(found)}; it must be ${reader.rule} (input '${spec.name}').`;
  }
  return undefined;
}

function lacks(pointer: string, found: unknown, { spec }: InputField): string {
  const { rule } = ELEMENT_READERS[spec.datatype];
  return (
    `Field '${cut(pointer, MOST_MESSAGE)}' is ${shownValue(found)}; it must be ${rule} (input '${spec.name}'), ` +
    'or a value for missing fields be declared.'
  );
}

/** What JSON would have of a value that JSON lacks. */
function asJson(value: unknown): unknown {
  if (typeof value === 'number') {
    return Number.isFinite(value) ? value : String(value);
  }
  return Buffer.isBuffer(value) && isUtf8(value) ? value.toString('utf8') : value;
}

/** Elements of lists that are nested as a shape says; undefined when they are not. */
function flattened(list: readonly unknown[], shape: readonly number[]): unknown[] | undefined {
  let level: readonly unknown[] = list;
  for (let axis = 0; axis < shape.length - 1; axis += 1) {
    const size = shape[axis + 1];
    const isRegular = level.every((inner) => Array.isArray(inner) && inner.length === size);
    if ((axis === 0 && level.length !== shape[0]) || !isRegular) {
      return undefined;
    }
    level = level.flat();
  }
  return [...level];
}

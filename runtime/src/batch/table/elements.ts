import type duckdb from '@duckdb/node-bindings';
import { DATATYPES, type Datatype, type TensorData } from '../../model';
import { ELEMENT_READERS } from '../../protocol';
import type { BatchFaults } from './faults';
import { bytesOf, isValid, textsOf, validityOf } from './vectors';

/** How values of a column arrive from DuckDB. */
export type Carrier =
  | 'BOOLEAN'
  | 'TINYINT'
  | 'SMALLINT'
  | 'INTEGER'
  | 'BIGINT'
  | 'UTINYINT'
  | 'USMALLINT'
  | 'UINTEGER'
  | 'UBIGINT'
  | 'FLOAT'
  | 'DOUBLE'
  | 'VARCHAR'
  /** Digits as text, in JSON perhaps in quotes. */
  | 'DIGITS';

/** Where the values of a column go in the tensor of an input: `offset`, then one every `stride`. */
export interface Place {
  readonly datatype: Datatype;
  readonly data: TensorData;
  readonly offset: number;
  readonly stride: number;

  /** Position of the first row in its batch. */
  readonly firstRow: number;
}

type Numbers =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

const ARRAYS: Readonly<
  Partial<
    Record<Carrier, { new (buffer: ArrayBuffer, offset: number, length: number): Numbers; BYTES_PER_ELEMENT: number }>
  >
> = {
  BOOLEAN: Uint8Array,
  TINYINT: Int8Array,
  SMALLINT: Int16Array,
  INTEGER: Int32Array,
  BIGINT: BigInt64Array,
  UTINYINT: Uint8Array,
  USMALLINT: Uint16Array,
  UINTEGER: Uint32Array,
  UBIGINT: BigUint64Array,
  FLOAT: Float32Array,
  DOUBLE: Float64Array,
};

/** The largest FP32: what is larger is looked at more closely. */
const LARGEST_FLOAT = 3.4028234663852886e38;

/** A number in digits, perhaps with a fraction of zero. */
const DIGITS = /^"?\s*([+-]?\d+)(?:\.0*)?\s*"?$/;

/**
 * Makes elements of a tensor from a column: the same that the wire makes from the same values in JSON.
 *
 * @param column name of the column, for messages
 */
export function readElements(
  vector: duckdb.Vector,
  rows: number,
  carrier: Carrier,
  place: Place,
  column: string,
  faults: BatchFaults,
): void {
  const validity = validityOf(vector, rows);
  const Values = ARRAYS[carrier];
  const bytes = Values && bytesOf(vector, rows * Values.BYTES_PER_ELEMENT);
  const numbers = Values && bytes && new Values(bytes.buffer as ArrayBuffer, bytes.byteOffset, rows);
  const found = numbers && readFast(numbers, place);
  if (numbers !== undefined && found !== undefined) {
    if (validity !== undefined) {
      markMissing(validity, rows, place, column, faults);
    }
    if (found === 'large') {
      checkRange(numbers, validity, place, column, faults);
    }
    return;
  }
  const text = numbers === undefined ? textsOf(vector) : undefined;
  const read = valuesOf(carrier, place.datatype, numbers, text);
  readEach(read, rows, validity, place, column, faults);
}

/**
 * The loops that nearly all columns take. What has no value is read as well: it is marked afterwards.
 *
 * @returns whether there are numbers that FP32 may not hold; undefined when none of the loops fits
 */
function readFast(numbers: Numbers, { datatype, data, offset, stride }: Place): 'usual' | 'large' | undefined {
  if (numbers instanceof Float64Array && data instanceof Float32Array && datatype === 'FP32') {
    let usual = true;
    for (let row = 0, at = offset; row < numbers.length; row += 1, at += stride) {
      const value = numbers[row];
      data[at] = value;
      usual = usual && value <= LARGEST_FLOAT && value >= -LARGEST_FLOAT;
    }
    return usual ? 'usual' : 'large';
  }
  if (numbers instanceof Float64Array && data instanceof Float64Array) {
    for (let row = 0, at = offset; row < numbers.length; row += 1, at += stride) {
      data[at] = numbers[row];
    }
    return 'usual';
  }
  if (numbers instanceof Float32Array && data instanceof Float32Array && datatype === 'FP32') {
    for (let row = 0, at = offset; row < numbers.length; row += 1, at += stride) {
      data[at] = numbers[row];
    }
    return 'usual';
  }
  return undefined;
}

/** Numbers that became infinite are out of the range of FP32. */
function checkRange(
  numbers: Numbers,
  validity: Uint8Array | undefined,
  { data, offset, stride, firstRow }: Place,
  column: string,
  faults: BatchFaults,
): void {
  for (let row = 0; row < numbers.length; row += 1) {
    const value = numbers[row];
    if (Number.isFinite(value) && !Number.isFinite(data[offset + row * stride]) && isValid(validity, row)) {
      faults.add(firstRow + row, { column, reason: reasonOf('FP32', value) });
    }
  }
}

function markMissing(validity: Uint8Array, rows: number, place: Place, column: string, faults: BatchFaults): void {
  for (let row = 0; row < rows; row += 1) {
    if (!isValid(validity, row)) {
      faults.add(place.firstRow + row, { column, reason: 'is missing', missing: true });
    }
  }
}

function readEach(
  read: (row: number) => unknown,
  rows: number,
  validity: Uint8Array | undefined,
  { datatype, data, offset, stride, firstRow }: Place,
  column: string,
  faults: BatchFaults,
): void {
  const reader = ELEMENT_READERS[datatype];
  const box: unknown[] = [undefined];
  for (let row = 0; row < rows; row += 1) {
    if (!isValid(validity, row)) {
      faults.add(firstRow + row, { column, reason: 'is missing', missing: true });
      continue;
    }
    box[0] = read(row);
    if (reader.read(box, data, offset + row * stride) >= 0) {
      faults.add(firstRow + row, { column, reason: reasonOf(datatype, box[0]) });
    }
  }
}

/** Values as the readers of the wire take them. */
function valuesOf(
  carrier: Carrier,
  datatype: Datatype,
  numbers: Numbers | undefined,
  text: ((row: number) => string | null) | undefined,
): (row: number) => unknown {
  if (text !== undefined) {
    return carrier === 'DIGITS' ? (row) => integerOf(text(row) ?? '') : text;
  }
  const values = numbers as Numbers;
  if (carrier === 'BOOLEAN') {
    return (row) => values[row] !== 0;
  }
  if (datatype === 'BOOL') {
    // A flag is often kept as 0 or 1.
    return (row) => (Number(values[row]) === 1 ? true : Number(values[row]) === 0 ? false : values[row]);
  }
  const wide = DATATYPES[datatype].bytes === 8;
  return (row) => {
    const value = values[row];
    if (typeof value === 'bigint') {
      return wide || BigInt.asIntN(53, value) !== value ? value : Number(value);
    }
    // The readers of 64 bits want integers that a double cannot count in digits.
    return wide && Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value;
  };
}

function integerOf(text: string): unknown {
  const [, digits] = DIGITS.exec(text) ?? [];
  return digits === undefined ? text : BigInt(digits);
}

function reasonOf(datatype: Datatype, value: unknown): string {
  const { rule, describe } = ELEMENT_READERS[datatype];
  return `must be ${rule.replace(', written in digits', '')}; found ${describe(value)}`;
}

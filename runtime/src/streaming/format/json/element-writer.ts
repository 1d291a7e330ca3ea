import type { Datatype, TensorData } from '../../../model';
import { DecimalReader, ELEMENT_READERS, FP32_LIMIT, INTEGER_RANGES } from '../../../protocol';
import { endOfPlainText, standsAt } from './skip-value';

const QUOTE = 0x22;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/**
 * Writes the element whose text begins at a position into a tensor.
 *
 * @returns position behind the text; negative when the general way has to decide
 */
export type ElementWriter = (bytes: Buffer, start: number, data: TensorData, offset: number) => number;

const decimals = new DecimalReader();

/** Writers of all datatypes: the same elements as from the parsed text, or none. */
export const ELEMENT_WRITERS: Readonly<Record<Datatype, ElementWriter>> = {
  BOOL: writeFlag,
  INT8: integers('INT8'),
  INT16: integers('INT16'),
  INT32: integers('INT32'),
  INT64: writeBigInteger,
  UINT8: integers('UINT8'),
  UINT16: integers('UINT16'),
  UINT32: integers('UINT32'),
  UINT64: (bytes, start, data, offset) => (bytes[start] === 0x2d ? -1 : writeBigInteger(bytes, start, data, offset)),
  FP16: any('FP16'),
  BF16: any('BF16'),
  FP32: writeSingle,
  FP64: writeDouble,
  BYTES: writeText,
};

function writeSingle(bytes: Buffer, start: number, data: TensorData, offset: number): number {
  const number = decimals.read(bytes, start, true);
  (data as Float32Array)[offset] = number;
  // Not a number is what the text "NaN" says.
  return (number < FP32_LIMIT && number > -FP32_LIMIT) || Number.isNaN(number) ? decimals.end : -1;
}

function writeDouble(bytes: Buffer, start: number, data: TensorData, offset: number): number {
  const number = decimals.read(bytes, start, false);
  (data as Float64Array)[offset] = number;
  return number === Number.POSITIVE_INFINITY || number === Number.NEGATIVE_INFINITY ? -1 : decimals.end;
}

function integers(datatype: keyof typeof INTEGER_RANGES): ElementWriter {
  const [minimum, maximum] = INTEGER_RANGES[datatype];
  return (bytes, start, data, offset) => {
    const number = decimals.read(bytes, start, false);
    (data as Int32Array)[offset] = number;
    return Number.isInteger(number) && number >= minimum && number <= maximum ? decimals.end : -1;
  };
}

function writeBigInteger(bytes: Buffer, start: number, data: TensorData, offset: number): number {
  const number = decimals.read(bytes, start, false);
  if (decimals.end < 0 || !Number.isSafeInteger(number)) {
    return -1;
  }
  (data as BigInt64Array)[offset] = BigInt(number);
  return decimals.end;
}

function any(datatype: 'FP16' | 'BF16'): ElementWriter {
  const { read } = ELEMENT_READERS[datatype];
  return (bytes, start, data, offset) => {
    const number = decimals.read(bytes, start, false);
    return decimals.end >= 0 && read([number], data, offset) < 0 ? decimals.end : -1;
  };
}

function writeFlag(bytes: Buffer, start: number, data: TensorData, offset: number): number {
  const isTrue = standsAt(bytes, start, TRUE);
  (data as Uint8Array)[offset] = isTrue ? 1 : 0;
  return isTrue ? start + TRUE.length : standsAt(bytes, start, FALSE) ? start + FALSE.length : -1;
}

function writeText(bytes: Buffer, start: number, data: TensorData, offset: number): number {
  const end = bytes[start] === QUOTE ? endOfPlainText(bytes, start) : -1;
  if (end >= 0) {
    (data as string[])[offset] = bytes.toString('utf8', start + 1, end - 1);
  }
  return end;
}

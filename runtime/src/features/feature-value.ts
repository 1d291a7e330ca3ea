import type { Datatype, TensorData } from '../model';
import { ELEMENT_READERS } from '../protocol';

const INTEGER = /^[+-]?\d+(\.0*)?$/;
const REAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const NAN = /^[+-]?nan$/i;
const INFINITE = /^([+-]?)inf(inity)?$/i;
const TRUE = /^(true|1)$/i;
const FALSE = /^(false|0)$/i;

/** More digits than any number needs: longer texts are not tried. */
const MAX_NUMBER_LENGTH = 512;

const unicode = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Writes the text that a store has for a feature into a tensor.
 *
 * Numbers are decimal, as every language writes them; integers may end in `.0`. Not a number and infinity are `nan` and
 * `inf` or `Infinity`; booleans `true`, `false`, `1`, `0`. Capital and small letters are the same.
 *
 * @returns false when the text is no value of the datatype; then nothing is written
 */
export function writeText(datatype: Datatype, text: Buffer, target: TensorData, offset: number): boolean {
  const value = jsonValue(datatype, text);
  return value !== undefined && writeValue(datatype, value, target, offset);
}

/** Writes a value as a request would have it. @returns false when it is no value of the datatype */
export function writeValue(datatype: Datatype, value: unknown, target: TensorData, offset: number): boolean {
  return ELEMENT_READERS[datatype].read([value], target, offset) < 0;
}

/** The value that a text stands for, as a request would have it. */
function jsonValue(datatype: Datatype, bytes: Buffer): unknown {
  if (datatype === 'BYTES') {
    return unicodeOf(bytes);
  }
  if (bytes.length > MAX_NUMBER_LENGTH) {
    return undefined;
  }
  const text = bytes.toString('latin1').trim();
  switch (datatype) {
    case 'BOOL':
      return TRUE.test(text) ? true : FALSE.test(text) ? false : undefined;
    case 'FP16':
    case 'BF16':
    case 'FP32':
    case 'FP64':
      return realOf(text);
    default: {
      const [digits] = text.split('.');
      return !INTEGER.test(text) ? undefined : datatype.endsWith('64') ? integerOf(digits) : Number(digits);
    }
  }
}

function realOf(text: string): number | string | undefined {
  if (REAL.test(text)) {
    return Number(text);
  }
  if (NAN.test(text)) {
    return 'NaN';
  }
  const sign = INFINITE.exec(text)?.[1];
  return sign === undefined ? undefined : sign === '-' ? '-Infinity' : 'Infinity';
}

/** BigInt() takes no plus sign. */
function integerOf(digits: string): bigint {
  return BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
}

function unicodeOf(bytes: Buffer): string | undefined {
  try {
    return unicode.decode(bytes);
  } catch {
    return undefined; // not UTF-8: no text that a model could be given
  }
}

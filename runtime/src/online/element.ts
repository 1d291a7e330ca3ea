import type { Datatype, TensorData } from '../model';

/**
 * Thrown when an integer of a body was too large for a JavaScript number: the body has to be parsed again, exactly.
 * A constant, because it is no fault and needs no stack.
 */
export const INEXACT_INTEGER = Symbol('inexact integer');

/** How JSON values become elements of a tensor. */
export interface ElementReader {
  /** What an element must be, for messages. */
  readonly rule: string;

  /**
   * Writes values into a tensor.
   *
   * @returns position of the first value that breaks the rule, or -1
   * @throws INEXACT_INTEGER
   */
  readonly read: (values: readonly unknown[], target: TensorData, offset: number) => number;
}

/** Smallest double that rounds to an infinite FP32: half a step above the largest FP32. */
const FP32_LIMIT = 3.4028235677973366e38;

const INT64 = { minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n };
const UINT64 = { minimum: 0n, maximum: 2n ** 64n - 1n };

/** U+0000 and halves of surrogate pairs. */
const UNSUITABLE = /[\0\p{Surrogate}]/u;

/** Readers of all datatypes that JSON can carry. */
export const ELEMENT_READERS: Readonly<Record<Exclude<Datatype, 'FP16'>, ElementReader>> = {
  BOOL: reader<Uint8Array>('true or false', (value) => (value === true ? 1 : value === false ? 0 : undefined)),
  INT8: integers(-128, 127),
  INT16: integers(-32_768, 32_767),
  INT32: integers(-2_147_483_648, 2_147_483_647),
  INT64: bigIntegers(INT64),
  UINT8: integers(0, 255),
  UINT16: integers(0, 65_535),
  UINT32: integers(0, 4_294_967_295),
  UINT64: bigIntegers(UINT64),
  FP32: reals('a number that FP32 can hold', FP32_LIMIT),
  FP64: reals('a number that FP64 can hold', Number.POSITIVE_INFINITY),
  BYTES: { rule: 'a string of valid Unicode without the character U+0000', read: readStrings },
};

function reader<Target extends TensorData>(
  rule: string,
  convert: (value: unknown) => Target[number] | undefined,
): ElementReader {
  return {
    rule,
    read: (values, target, offset) => {
      for (let index = 0; index < values.length; index += 1) {
        const element = convert(values[index]);
        if (element === undefined) {
          return index;
        }
        target[offset + index] = element;
      }
      return -1;
    },
  };
}

/** The readers of numbers are loops of their own: they are the larger part of reading a small request. */
function reals(rule: string, limit: number): ElementReader {
  return {
    rule,
    read: (values, target, offset) => {
      for (let index = 0; index < values.length; index += 1) {
        const value = values[index];
        const number = typeof value === 'bigint' ? Number(value) : value;
        if (typeof number !== 'number' || !(number < limit && number > -limit)) {
          return index;
        }
        target[offset + index] = number;
      }
      return -1;
    },
  };
}

function integers(minimum: number, maximum: number): ElementReader {
  return {
    rule: `an integer from ${minimum} to ${maximum}`,
    read: (values, target, offset) => {
      for (let index = 0; index < values.length; index += 1) {
        const value = values[index];
        if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
          return index;
        }
        target[offset + index] = value;
      }
      return -1;
    },
  };
}

function bigIntegers({ minimum, maximum }: { minimum: bigint; maximum: bigint }): ElementReader {
  return reader<BigInt64Array>(`an integer from ${minimum} to ${maximum}, written in digits`, (value) => {
    if (typeof value === 'number') {
      if (!Number.isInteger(value)) {
        return undefined;
      }
      if (!Number.isSafeInteger(value)) {
        throw INEXACT_INTEGER;
      }
    } else if (typeof value !== 'bigint') {
      return undefined;
    }
    const integer = BigInt(value);
    return integer >= minimum && integer <= maximum ? integer : undefined;
  });
}

/** The engine ends a string at U+0000 and replaces what is not Unicode: both would change the data silently. */
function readStrings(values: readonly unknown[], target: TensorData, offset: number): number {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (typeof value !== 'string' || UNSUITABLE.test(value)) {
      return index;
    }
    target[offset + index] = value;
  }
  return -1;
}

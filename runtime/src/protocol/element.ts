import type { Datatype, TensorData } from '../model';
import { kindOf } from '../request-error';
import { BF16_LIMIT, bfloat16Bits } from './bfloat16';
import { FP16_LIMIT, float16Bits } from './float16';

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

  /** What a value that breaks the rule is, for messages; never the value itself. */
  readonly describe: (value: unknown) => string;
}

/** Smallest double that rounds to an infinite FP32: half a step above the largest FP32. */
export const FP32_LIMIT = 3.4028235677973366e38;

/** What JSON has no number for, in the form of answers and of the JSON mapping of protocol buffers. */
const NON_FINITE: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** Least and greatest value of the integers that a JavaScript number holds. */
export const INTEGER_RANGES = {
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
} as const;

const INT64 = { minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n };
const UINT64 = { minimum: 0n, maximum: 2n ** 64n - 1n };

/** U+0000 and halves of surrogate pairs. */
const UNSUITABLE = /[\0\p{Surrogate}]/u;

/** Readers of all datatypes. */
export const ELEMENT_READERS: Readonly<Record<Datatype, ElementReader>> = {
  BOOL: reader<Uint8Array>('true or false', (value) => (value === true ? 1 : value === false ? 0 : undefined)),
  INT8: integers(INTEGER_RANGES.INT8),
  INT16: integers(INTEGER_RANGES.INT16),
  INT32: integers(INTEGER_RANGES.INT32),
  INT64: bigIntegers(INT64),
  UINT8: integers(INTEGER_RANGES.UINT8),
  UINT16: integers(INTEGER_RANGES.UINT16),
  UINT32: integers(INTEGER_RANGES.UINT32),
  UINT64: bigIntegers(UINT64),
  FP16: halves('FP16', FP16_LIMIT, float16Bits),
  BF16: halves('BF16', BF16_LIMIT, bfloat16Bits),
  FP32: reals('FP32', FP32_LIMIT),
  FP64: reals('FP64', Number.POSITIVE_INFINITY),
  BYTES: {
    rule: 'a string of valid Unicode without the character U+0000',
    describe: kindOf,
    read: readStrings,
  },
};

function reader<Target extends TensorData>(
  rule: string,
  convert: (value: unknown) => Target[number] | undefined,
): ElementReader {
  return {
    rule,
    describe: kindOf,
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
function reals(datatype: Datatype, limit: number): ElementReader {
  return {
    rule: realRule(datatype),
    describe: describeUnreal,
    read: (values, target, offset) => {
      for (let index = 0; index < values.length; index += 1) {
        const value = values[index];
        const number = typeof value === 'number' && value < limit && value > -limit ? value : realOf(value, limit);
        if (number === undefined) {
          return index;
        }
        target[offset + index] = number;
      }
      return -1;
    },
  };
}

function halves(datatype: Datatype, limit: number, bitsOf: (value: number) => number): ElementReader {
  const convert = (value: unknown) => {
    const number = realOf(value, limit);
    return number === undefined ? undefined : bitsOf(number);
  };
  return { ...reader<Uint16Array>(realRule(datatype), convert), describe: describeUnreal };
}

/** The number that a value stands for; undefined when it stands for none, or for one outside the limits. */
function realOf(value: unknown, limit: number): number | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') {
    const number = Number(value);
    return number < limit && number > -limit ? number : undefined;
  }
  return NON_FINITE.get(value);
}

function realRule(datatype: Datatype): string {
  return `a number that ${datatype} can hold, or "NaN", "Infinity" or "-Infinity"`;
}

function describeUnreal(value: unknown): string {
  if (value === null) {
    return 'null; send "NaN" for a missing value';
  }
  return typeof value === 'number' || typeof value === 'bigint' ? 'a number outside its range' : kindOf(value);
}

function integers([minimum, maximum]: readonly [number, number]): ElementReader {
  return {
    rule: `an integer from ${minimum} to ${maximum}`,
    describe: kindOf,
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

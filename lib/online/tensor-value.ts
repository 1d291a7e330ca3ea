/** Ranges of the integer datatypes; integers of 64 bits are as exact as a number of JSON is. */
const RANGES: { readonly [datatype: string]: readonly [least: number, most: number] } = {
  INT8: [-(2 ** 7), 2 ** 7 - 1],
  INT16: [-(2 ** 15), 2 ** 15 - 1],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  UINT8: [0, 2 ** 8 - 1],
  UINT16: [0, 2 ** 16 - 1],
  UINT32: [0, 2 ** 32 - 1],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
};

/** Smallest numbers that round to infinity. */
const LIMITS: { readonly [datatype: string]: number } = {
  FP16: 65_520,
  BF16: 3.39617752923046e38,
  FP32: 3.4028235677973366e38,
};

/** What JSON has no number for. */
const NON_FINITE: unknown[] = ['NaN', 'Infinity', '-Infinity'];

/** Characters that a text of a tensor cannot have: U+0000 and halves of surrogate pairs. */
const UNSUITABLE = /[\0\p{Surrogate}]/u;

/**
 * Compares a value with the datatype of a tensor.
 *
 * @returns what the tensor takes instead; `undefined` when the value fits
 */
export function checkValue(value: unknown, datatype: string): string | undefined {
  const [least, most] = RANGES[datatype] ?? [];
  if (least !== undefined && most !== undefined) {
    return Number.isInteger(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `a whole number from ${least} to ${most} (${datatype})`;
  }
  switch (datatype) {
    case 'BYTES':
      return typeof value === 'string' && !UNSUITABLE.test(value) ? undefined : 'a text (BYTES)';
    case 'BOOL':
      return typeof value === 'boolean' ? undefined : 'true or false (BOOL)';
    default:
      return isReal(value, LIMITS[datatype] ?? Number.POSITIVE_INFINITY)
        ? undefined
        : `a number, 'NaN', 'Infinity' or '-Infinity' (${datatype})`;
  }
}

function isReal(value: unknown, limit: number): boolean {
  return typeof value === 'number' ? Math.abs(value) < limit : NON_FINITE.includes(value);
}

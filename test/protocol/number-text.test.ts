import fc from 'fast-check';
import { bfloat16Bits, bfloat16Number } from '../../runtime/src/protocol/bfloat16';
import { bfloat16Text, float16Text, float32Text, float64Text } from '../../runtime/src/protocol/number-text';

const RUNS = { numRuns: 5000 };

describe('numbers as JSON', () => {
  it.each([
    [0, '0'],
    [-0, '-0.0'],
    [1, '1'],
    [-1.5, '-1.5'],
    [Math.fround(0.1), '0.1'],
    [Math.fround(1 / 3), '0.33333334'],
    [16_777_216, '16777216'],
    [Math.fround(1e10), '10000000000'],
    [Math.fround(1e-7), '1e-7'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [2 ** -149, '1e-45'],
    [Number.NaN, '"NaN"'],
    [Number.POSITIVE_INFINITY, '"Infinity"'],
    [Number.NEGATIVE_INFINITY, '"-Infinity"'],
  ])('FP32 %d is %s', (value, text) => {
    expect(float32Text(value)).toBe(text);
  });

  it('every FP32 reads back the same, and no shorter number does', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = float32Text(value);
        return Object.is(Math.fround(Number(text)), value) && digitsOf(Number(text)) <= fewestDigits(value);
      }),
      RUNS,
    );
  });

  it('every FP64 reads back the same', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        return Object.is(JSON.parse(float64Text(value)), value);
      }),
      RUNS,
    );
  });

  it('every FP16 reads back the same', () => {
    const wrong = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => {
      const value: unknown = JSON.parse(float16Text(bits));
      const finite = (bits & 0x7c00) !== 0x7c00;
      const infinity = bits < 0x8000 ? 'Infinity' : '-Infinity';
      return finite
        ? Math.abs(Number(value) - float16(bits)) > stepOf(bits) / 2.001
        : value !== ((bits & 0x3ff) === 0 ? infinity : 'NaN');
    });
    expect(wrong).toEqual([]);
  });

  it('every BF16 reads back the same, also as FP32', () => {
    const wrong = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => {
      const value: unknown = JSON.parse(bfloat16Text(bits));
      const number = bfloat16Number(bits);
      return Number.isFinite(number)
        ? bfloat16Bits(Number(value)) !== bits || !Object.is(Math.fround(Number(value)), number)
        : value !== String(number);
    });
    expect(wrong).toEqual([]);
  });
});

/** Significant digits of the shortest decimal of a number. */
function digitsOf(value: number): number {
  return value.toExponential().replace(/e.*$/, '').replace(/[-.]/g, '').length;
}

function fewestDigits(value: number): number {
  return [1, 2, 3, 4, 5, 6, 7, 8].find((digits) => Math.fround(Number(value.toPrecision(digits))) === value) ?? 9;
}

function float16(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const size = exponent === 0 ? (bits & 0x3ff) * 2 ** -24 : (1024 + (bits & 0x3ff)) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

/** Distance of an FP16 to the next. */
function stepOf(bits: number): number {
  return 2 ** (Math.max(1, (bits >> 10) & 0x1f) - 25);
}

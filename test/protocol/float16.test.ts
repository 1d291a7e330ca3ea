import fc from 'fast-check';
import { float16Bits } from '../../runtime/src/protocol/float16';

describe('FP16 of a number', () => {
  it.each([
    ['zero', 0, 0],
    ['minus zero', -0, 0x8000],
    ['one', 1, 0x3c00],
    ['a negative number', -2.5, 0xc100],
    ['the largest', 65_504, 0x7bff],
    ['just below the limit', 65_519.999, 0x7bff],
    ['the limit', 65_520, 0x7c00],
    ['minus infinity', Number.NEGATIVE_INFINITY, 0xfc00],
    ['no number', Number.NaN, 0x7e00],
    ['the smallest', 2 ** -24, 1],
    ['half of the smallest, to even', 2 ** -25, 0],
    ['one and a half of the smallest, to even', 1.5 * 2 ** -24, 2],
    ['the largest without all digits', 1023 * 2 ** -24, 0x3ff],
    ['what carries into the exponent', 2047.5 / 1024, 0x4000],
    ['half a step above an even one', 2049, 0x6800],
    ['half a step above an odd one', 2051, 0x6802],
    ['what FP32 would round to half a step first', 2049 + 2 ** -40, 0x6801],
  ])('%s', (_what, value, bits) => {
    expect(float16Bits(value)).toBe(bits);
  });

  it('is the same for every number that is an FP16', () => {
    const wrong = Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
      (bits) => (bits & 0x7c00) !== 0x7c00 && float16Bits(numberOf(bits)) !== bits,
    );
    expect(wrong).toEqual([]);
  });

  it('has no nearer neighbour', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 65_519, noNaN: true }), (value) => {
        const bits = float16Bits(value);
        const distance = Math.abs(numberOf(bits) - value);
        return [bits - 1, bits + 1].every(
          (other) => other < 0 || other > 0x7bff || Math.abs(numberOf(other) - value) >= distance,
        );
      }),
      { numRuns: 5000 },
    );
  });
});

function numberOf(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const size = exponent === 0 ? (bits & 0x3ff) * 2 ** -24 : (1024 + (bits & 0x3ff)) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

import fc from 'fast-check';
import { BF16_LIMIT, bfloat16Bits, bfloat16Number } from '../../runtime/src/protocol/bfloat16';

/** Bits of the largest. */
const LARGEST = 0x7f7f;

describe('BF16 of a number', () => {
  it.each([
    ['zero', 0, 0],
    ['minus zero', -0, 0x8000],
    ['one', 1, 0x3f80],
    ['a negative number', -2.5, 0xc020],
    ['the largest', 255 * 2 ** 120, LARGEST],
    ['just below the limit', 3.396177529230459e38, LARGEST],
    ['the limit', BF16_LIMIT, 0x7f80],
    ['minus infinity', Number.NEGATIVE_INFINITY, 0xff80],
    ['the smallest', 2 ** -133, 1],
    ['half of the smallest, to even', 2 ** -134, 0],
    ['a bit more than half of the smallest', 2 ** -134 + 2 ** -160, 1],
    ['one and a half of the smallest, to even', 1.5 * 2 ** -133, 2],
    ['what FP32 has no number for', 2 ** -160, 0],
    ['half a step above an even one', 257, 0x4380],
    ['half a step above an odd one', 259, 0x4382],
    ['what FP32 would round down to half a step first', 257 + 2 ** -40, 0x4381],
    ['what FP32 would round up to half a step first', 259 - 2 ** -40, 0x4381],
    ['the same, negative', -259 + 2 ** -40, 0xc381],
  ])('%s', (_what, value, bits) => {
    expect(bfloat16Bits(value)).toBe(bits);
  });

  it('of no number is none', () => {
    expect(bfloat16Bits(Number.NaN) & 0x7fff).toBeGreaterThan(0x7f80);
  });

  it('is the same for every number that is a BF16', () => {
    const wrong = Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
      (bits) => (bits & 0x7fff) <= 0x7f80 && bfloat16Bits(bfloat16Number(bits)) !== bits,
    );
    expect(wrong).toEqual([]);
  });

  it('has no nearer neighbour, and is even between two', () => {
    const anywhere = fc.double({ min: 0, max: 3.39e38, noNaN: true });
    // Close to the middle of two neighbours, where a second rounding would show.
    const middle = fc
      .tuple(fc.integer({ min: 0, max: LARGEST - 1 }), fc.integer({ min: -3, max: 3 }))
      .map(([bits, off]) => ((bfloat16Number(bits) + bfloat16Number(bits + 1)) / 2) * (1 + off * Number.EPSILON));
    fc.assert(
      fc.property(fc.oneof(anywhere, middle), (value) => {
        const bits = bfloat16Bits(value);
        const distance = Math.abs(bfloat16Number(bits) - value);
        return [bits - 1, bits + 1].every((other) => {
          const theirs = Math.abs(bfloat16Number(other) - value);
          return other < 0 || other > LARGEST || theirs > distance || (theirs === distance && bits % 2 === 0);
        });
      }),
      { numRuns: 5000 },
    );
  });
});

import fc from 'fast-check';
import { bfloat16OfFloat32, float32OfBfloat16 } from '../../runtime/src/model/bfloat16';

const nearest = (...values: number[]) => Array.from(bfloat16OfFloat32(Float32Array.from(values)));

describe('BF16 of FP32', () => {
  it.each([
    [0, 0],
    [-0, 0x8000],
    [1, 0x3f80],
    [-2, 0xc000],
    [0.1, 0x3dcd],
    // Half of a step above an even one, and above an odd one.
    [1 + 2 ** -8, 0x3f80],
    [1 + 3 * 2 ** -8, 0x3f82],
    [1 + 2 ** -8 + 2 ** -20, 0x3f81],
    // The largest, and half a step above it.
    [3.3895313892515355e38, 0x7f7f],
    [3.3961773e38, 0x7f7f],
    [3.39617752923046e38, 0x7f80],
    [Number.POSITIVE_INFINITY, 0x7f80],
    [Number.NEGATIVE_INFINITY, 0xff80],
    // The smallest, and half of it.
    [2 ** -133, 1],
    [2 ** -134, 0],
    [-3 * 2 ** -134, 0x8002],
  ])('%d is %d', (value, bits) => {
    expect(nearest(value)).toEqual([bits]);
  });

  it('every BF16 comes back from FP32 as it was, payloads of NaN included', () => {
    const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
    expect(bfloat16OfFloat32(float32OfBfloat16(all))).toEqual(all);
  });

  it('a NaN with its payload in the second half of the bits is no infinity', () => {
    const words = Uint32Array.of(0x7f80_0001, 0xff80_ffff);
    expect(Array.from(bfloat16OfFloat32(new Float32Array(words.buffer)))).toEqual([0x7fc0, 0xffc0]);
  });

  it('reads a part of a larger memory', () => {
    expect(Array.from(bfloat16OfFloat32(Float32Array.of(9, 1, 2).subarray(1)))).toEqual([0x3f80, 0x4000]);
  });

  it('no other BF16 is nearer', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -(2 ** 127), max: 2 ** 127 }), (value) => {
        const [bits] = nearest(value);
        const neighbours = [bits - 1, bits, bits + 1].filter((each) => each >= 0 && (each & 0x7fff) <= 0x7f7f);
        const numbers = Array.from(float32OfBfloat16(Uint16Array.from(neighbours)));
        const distance = (number: number) => Math.abs(number - value);
        const own = distance(float32OfBfloat16(Uint16Array.of(bits))[0]);
        const least = Math.min(...numbers.map(distance));
        const isTie = numbers.filter((number) => distance(number) === least && number !== 0).length > 1;
        return own === least && (!isTie || bits % 2 === 0);
      }),
      { numRuns: 2000 },
    );
  });
});

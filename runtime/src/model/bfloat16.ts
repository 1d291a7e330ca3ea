/** What is behind the first 16 bits of an FP32, at most, and half of a step. */
const REST = 0xffff;
const HALF_STEP = 0x7fff;

const SIZE = 0x7fff_ffff;
const INFINITE = 0x7f80_0000;
const QUIET = 0x40;

/** BF16 as FP32: the first half of the bits. Exact, payloads of NaN included. */
export function float32OfBfloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index += 1) {
    words[index] = bits[index] << 16;
  }
  return new Float32Array(words.buffer);
}

/** The bits of the BF16 that are nearest to FP32; of two that are as near, the even one (IEEE 754). NaN stays NaN. */
export function bfloat16OfFloat32(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  for (let index = 0; index < values.length; index += 1) {
    bits[index] = roundedToBfloat16(words[index]);
  }
  return bits;
}

/** The same for the bits of one FP32. */
export function roundedToBfloat16(word: number): number {
  const first = word >>> 16;
  if ((word & REST) === 0) {
    return first;
  }
  // A NaN whose payload is in its second half alone would become infinite.
  return (word & SIZE) > INFINITE ? first | QUIET : (word + HALF_STEP + (first & 1)) >>> 16;
}

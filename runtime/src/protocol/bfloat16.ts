import { roundedToBfloat16 } from '../model';

/** Smallest number that rounds to an infinite BF16: half a step above the largest. */
export const BF16_LIMIT = 3.39617752923046e38;

const number = new Float32Array(1);
const word = new Uint32Array(number.buffer);

/**
 * The bits of the BF16 that is nearest to a number; of two that are as near, the even one (IEEE 754).
 *
 * The number is rounded once: by way of FP32 alone it would be rounded twice.
 */
export function bfloat16Bits(value: number): number {
  number[0] = value;
  const size = Math.abs(value);
  const rounded = Math.abs(number[0]);
  if (rounded !== size && size < BF16_LIMIT) {
    // The FP32 below it, with its last bit set where something was cut off: so no tie comes up that there was not.
    word[0] = (rounded > size ? word[0] - 1 : word[0]) | 1;
  }
  return roundedToBfloat16(word[0]);
}

/** The number that the bits of a BF16 stand for. */
export function bfloat16Number(bits: number): number {
  word[0] = bits << 16;
  return number[0];
}

/** Smallest number that rounds to an infinite FP16: half a step above 65504, the largest. */
export const FP16_LIMIT = 65_520;

const SIGN = 0x8000;
const INFINITE = 0x7c00;
const NOT_A_NUMBER = 0x7e00;

/** FP16 have so many steps between two powers of two. */
const STEPS = 1024;

/** Smallest FP16 with all its digits; below it the steps stay the same. */
const SMALLEST_NORMAL = 2 ** -14;

/**
 * The bits of the FP16 that is nearest to a number; of two that are as near, the even one (IEEE 754).
 *
 * The number is rounded once: by way of FP32 it would be rounded twice.
 */
export function float16Bits(value: number): number {
  if (Number.isNaN(value)) {
    return NOT_A_NUMBER;
  }
  const sign = value < 0 || Object.is(value, -0) ? SIGN : 0;
  const size = Math.abs(value);
  if (size >= FP16_LIMIT) {
    return sign | INFINITE;
  }
  let power = SMALLEST_NORMAL;
  let bits = 0;
  while (size >= 2 * power) {
    power *= 2;
    bits += STEPS;
  }
  // Exact, because it is scaled by a power of two. What is rounded up to the next power carries into the exponent.
  return sign | (bits + roundToEven((size / power) * STEPS));
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

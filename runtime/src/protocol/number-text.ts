import { bfloat16Number } from './bfloat16';

const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/** FP32 of normal size are at least so many digits apart from each other; none needs more than {@link MAX_DIGITS}. */
const MIN_DIGITS = 6;
const MAX_DIGITS = 9;

/** Between these, scaling by a power of ten stays exact enough for the fast way. */
const SMALLEST_FAST = 1e-12;
const LARGEST_FAST = 1e6;

const round = Math.fround;

/**
 * An FP32 as JSON: the shortest decimal that reads back as the same FP32, so `0.1` instead of `0.10000000149011612`.
 *
 * JSON has no form for what is not finite: these become the strings `"NaN"`, `"Infinity"` and `"-Infinity"`, as in the
 * JSON mapping of protocol buffers.
 */
export function float32Text(value: number): string {
  const size = Math.abs(value);
  if (size >= SMALLEST_FAST && size < LARGEST_FAST) {
    return shortest(value, size);
  }
  if (size === 0 || !Number.isFinite(value)) {
    return float64Text(value);
  }
  // From one digit on: the smallest FP32 have fewer significant bits.
  for (let digits = 1; digits < MAX_DIGITS; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (round(candidate) === value) {
      return String(candidate);
    }
  }
  return String(Number(value.toPrecision(MAX_DIGITS)));
}

/** An FP64 as JSON: the shortest decimal that reads back as the same FP64; strings for what is not finite. */
export function float64Text(value: number): string {
  if (value === 0) {
    // With a fraction: as an integer it would lose its sign in many languages.
    return 1 / value < 0 ? '-0.0' : '0';
  }
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** The bits of an FP16 as JSON. */
export function float16Text(bits: number): string {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) {
    return float64Text(fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN);
  }
  const value = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  // Five digits tell all FP16 apart.
  return float64Text(sign * Number(value.toPrecision(5)));
}

/** The bits of a BF16 as JSON: its text as an FP32, of which it is the first half. */
export function bfloat16Text(bits: number): string {
  return float32Text(bfloat16Number(bits));
}

/** Tries six digits, then more. Scaled to an integer, rounded and divided again: one correctly rounded division. */
function shortest(value: number, size: number): string {
  let decimals = MIN_DIGITS;
  while (size * POWERS_OF_TEN[decimals] < 1e5) {
    decimals += 1;
  }
  while (decimals > 0 && size * POWERS_OF_TEN[decimals] >= 1e6) {
    decimals -= 1;
  }
  for (let digits = MIN_DIGITS; digits <= MAX_DIGITS; digits += 1, decimals += 1) {
    const scale = POWERS_OF_TEN[decimals];
    const candidate = Math.round(value * scale) / scale;
    if (round(candidate) === value) {
      return String(candidate);
    }
  }
  return String(value);
}

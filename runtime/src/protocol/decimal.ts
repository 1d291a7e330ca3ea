const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const UPPER_E = 0x45;
const LOWER_E = 0x65;
const QUOTE = 0x22;
const UPPER_N = 0x4e;
const LOWER_A = 0x61;

/** So many digits are an integer of 32 bits. */
const MOST_SHORT_DIGITS = 9;

const SIGNS = [1, -1];

/** Powers of ten that a double holds exactly. */
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const LARGEST_POWER = POWERS_OF_TEN.length - 1;

/** Below it every integer is exact, and so was every step towards it. */
const EXACT = 2 ** 53;

/** So far the mantissa is wrong by at most one unit in the last place for each digit beyond the exact ones. */
const LARGEST_CLOSE = 1e25;
const TOLERANCE = 64;

/** An exponent with more digits is left to the engine. */
const MAX_EXPONENT_DIGITS = 4;

/** Smallest FP32 with all its digits. */
const SMALLEST_NORMAL_FP32 = 2 ** -126;

/** The bits of a double below those of an FP32, and their value half-way between two FP32. */
const BELOW_FP32 = 0x1fff_ffff;
const HALF_WAY = 0x1000_0000;

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);
const LOW_HALF = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1;

/** Reads numbers out of JSON text, without the text. */
export class DecimalReader {
  /** Behind the number that was read; -1 when there was none. */
  end = -1;

  /**
   * Reads one number, as `JSON.parse` would, or the text `"NaN"`.
   *
   * @param narrow the number becomes an FP32: it may be another double that rounds to the same FP32
   * @returns the number; any when there is none, see {@link end}
   */
  read(bytes: Buffer, start: number, narrow: boolean): number {
    // Without a branch for the sign: those of features are as good as random, and a wrong guess of the processor costs as
    // much as all else here.
    const sign = (bytes[start] - ZERO) >>> 31;
    const first = start + sign;
    let index = first;
    let digits = 0;
    let digit = bytes[index] ^ ZERO; // 0 to 9 for digits alone, and no digit behind the end
    while (digit <= 9) {
      digits = (Math.imul(digits, 10) + digit) | 0;
      index += 1;
      digit = bytes[index] ^ ZERO;
    }
    const point = index;
    let most = MOST_SHORT_DIGITS;
    let scale = 0;
    let isWhole = point > first && (point === first + 1 || bytes[first] !== ZERO);
    if (digit === (DOT ^ ZERO)) {
      index += 1;
      digit = bytes[index] ^ ZERO;
      while (digit <= 9) {
        digits = (Math.imul(digits, 10) + digit) | 0;
        index += 1;
        digit = bytes[index] ^ ZERO;
      }
      scale = index - point - 1;
      most += 1;
      isWhole &&= scale > 0;
    }
    const isSigned = ((bytes[start] ^ MINUS) & -sign) === 0;
    const isShort = index - first <= most && digit !== (LOWER_E ^ ZERO) && digit !== (UPPER_E ^ ZERO);
    if (isWhole && isSigned && isShort) {
      this.end = index;
      return (digits / POWERS_OF_TEN[scale]) * SIGNS[sign];
    }
    return this.readAny(bytes, start, narrow);
  }

  /** Reads one number of any form. */
  private readAny(bytes: Buffer, start: number, narrow: boolean): number {
    let index = start;
    let byte = bytes[index];
    const negative = byte === MINUS;
    if (negative) {
      index += 1;
      byte = bytes[index];
    }
    let mantissa = 0;
    let scale = 0;
    if (byte === ZERO) {
      index += 1;
      byte = bytes[index];
    } else if (byte > ZERO && byte <= NINE) {
      do {
        mantissa = mantissa * 10 + (byte - ZERO);
        index += 1;
        byte = bytes[index];
      } while (byte >= ZERO && byte <= NINE);
    } else {
      return this.notANumber(bytes, start);
    }
    if (byte === DOT) {
      const first = index + 1;
      index = first;
      byte = bytes[index];
      while (byte >= ZERO && byte <= NINE) {
        mantissa = mantissa * 10 + (byte - ZERO);
        index += 1;
        byte = bytes[index];
      }
      scale = first - index;
      if (scale === 0) {
        this.end = -1;
        return 0;
      }
    }
    if (byte === LOWER_E || byte === UPPER_E) {
      scale += this.exponent(bytes, index + 1);
      index = this.end;
      if (index < 0) {
        return 0;
      }
    }
    this.end = index;
    if (scale >= -LARGEST_POWER && scale <= LARGEST_POWER) {
      // Both operands are exact, so that one rounding gives the nearest double.
      const size = scale < 0 ? mantissa / POWERS_OF_TEN[-scale] : mantissa * POWERS_OF_TEN[scale];
      if (mantissa < EXACT || (narrow && mantissa < LARGEST_CLOSE && isFarFromHalfWay(size))) {
        return negative ? -size : size;
      }
    }
    return Number(bytes.toString('latin1', start, index));
  }

  private exponent(bytes: Buffer, start: number): number {
    let index = start;
    const negative = bytes[index] === MINUS;
    if (negative || bytes[index] === PLUS) {
      index += 1;
    }
    const first = index;
    let exponent = 0;
    for (let byte = bytes[index]; byte >= ZERO && byte <= NINE; byte = bytes[index]) {
      exponent = exponent * 10 + (byte - ZERO);
      index += 1;
    }
    const digits = index - first;
    this.end = digits === 0 || digits > MAX_EXPONENT_DIGITS ? -1 : index;
    return negative ? -exponent : exponent;
  }

  private notANumber(bytes: Buffer, start: number): number {
    const found =
      bytes[start] === QUOTE &&
      bytes[start + 1] === UPPER_N &&
      bytes[start + 2] === LOWER_A &&
      bytes[start + 3] === UPPER_N &&
      bytes[start + 4] === QUOTE;
    this.end = found ? start + 5 : -1;
    return Number.NaN;
  }
}

/** Whether all doubles close to a number round to the same FP32. */
function isFarFromHalfWay(size: number): boolean {
  double[0] = size;
  return size >= SMALLEST_NORMAL_FP32 && Math.abs((halves[LOW_HALF] & BELOW_FP32) - HALF_WAY) > TOLERANCE;
}

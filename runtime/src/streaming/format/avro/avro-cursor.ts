import { isUtf8 } from 'node:buffer';

/** Bytes of an integer of 64 bits, seven bits each. */
const MOST_INTEGER_BYTES = 10;

/** So many bytes of an integer a double adds up exactly. */
const EXACT_BYTES = 7;

/**
 * Goes through bytes of Avro.
 *
 * @see https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
 */
export class AvroCursor {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** So many bytes. Throws when there are fewer. */
  take(length: number): Buffer {
    if (!(length >= 0 && length <= this.left)) {
      throw new Error(`${length} bytes are needed at byte ${this.at}, and ${this.left} are left`);
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** An integer of 64 bits; a bigint when a number does not hold it. */
  long(): number | bigint {
    let sum = 0;
    let factor = 1;
    for (let index = 0; index < EXACT_BYTES; index += 1) {
      const byte = this.byte();
      sum += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) {
        return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2;
      }
    }
    return this.bigLong(BigInt(sum));
  }

  /** An integer as a number, for lengths and positions. */
  size(): number {
    const size = this.long();
    if (typeof size === 'bigint') {
      throw new Error(`a length is ${size}`);
    }
    return size;
  }

  int(): number {
    const integer = this.long();
    if (typeof integer === 'bigint' || integer !== (integer | 0)) {
      throw new Error(`an int is ${integer}`);
    }
    return integer;
  }

  float(): number {
    return this.take(4).readFloatLE(0);
  }

  double(): number {
    return this.take(8).readDoubleLE(0);
  }

  boolean(): boolean {
    const byte = this.byte();
    if (byte > 1) {
      throw new Error(`a boolean is the byte ${byte}`);
    }
    return byte === 1;
  }

  string(): string {
    const bytes = this.take(this.size());
    if (!isUtf8(bytes)) {
      throw new Error('a string is not UTF-8');
    }
    return bytes.toString('utf8');
  }

  private byte(): number {
    if (this.at >= this.bytes.length) {
      throw new Error(`more bytes are needed than the ${this.bytes.length} there are`);
    }
    const byte = this.bytes[this.at];
    this.at += 1;
    return byte;
  }

  private bigLong(begin: bigint): number | bigint {
    let sum = begin;
    for (let index = EXACT_BYTES; index < MOST_INTEGER_BYTES; index += 1) {
      const byte = this.byte();
      sum |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) {
        const unsigned = BigInt.asUintN(64, sum);
        const integer = (unsigned >> 1n) ^ -(unsigned & 1n);
        return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
      }
    }
    throw new Error(`an integer has more than ${MOST_INTEGER_BYTES} bytes`);
  }
}

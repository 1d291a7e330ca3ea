/** The bytes are no protocol buffer, or end too early. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** One field of a protocol buffer message. */
export interface Field {
  readonly number: number;

  /** The value of a number field; `undefined` for any other. Numbers above 2^53 lose their last digits. */
  readonly value: number | undefined;

  /** The content of a length-delimited field (text, bytes, message, packed numbers); `undefined` for any other. */
  readonly bytes: Uint8Array | undefined;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const MAX_VARINT_BYTES = 10;

/**
 * Reads the fields of a message one after the other. Contents are views, nothing is copied.
 *
 * @throws WireError when the bytes are no message
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const reader = new Reader(message);
  while (!reader.atEnd) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    if (number < 1 || number > 536_870_911) {
      throw new WireError(`field number ${number}`);
    }
    switch (tag % 8) {
      case VARINT:
        yield { number, value: reader.varint(), bytes: undefined };
        break;
      case FIXED64:
        reader.take(8);
        yield { number, value: undefined, bytes: undefined };
        break;
      case LENGTH_DELIMITED:
        yield { number, value: undefined, bytes: reader.take(reader.varint()) };
        break;
      case FIXED32:
        reader.take(4);
        yield { number, value: undefined, bytes: undefined };
        break;
      default:
        throw new WireError(`wire type ${tag % 8}`);
    }
  }
}

/**
 * Reads a packed list of numbers.
 *
 * @throws WireError when the bytes end inside a number
 */
export function packedVarints(bytes: Uint8Array): number[] {
  const reader = new Reader(bytes);
  const values: number[] = [];
  while (!reader.atEnd) {
    values.push(reader.varint());
  }
  return values;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a text.
 *
 * @throws WireError when the bytes are not UTF-8
 */
export function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new WireError('text that is not UTF-8');
  }
}

class Reader {
  private position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get atEnd(): boolean {
    return this.position >= this.bytes.length;
  }

  /** A variable-length number as a signed 64-bit value. */
  varint(): number {
    let value = 0n;
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) {
        throw new WireError('the end in the middle of a number');
      }
      if (index === 0 && byte < 0x80) {
        return byte;
      }
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) {
        return Number(BigInt.asIntN(64, value));
      }
    }
    throw new WireError('a number of more than 10 bytes');
  }

  take(length: number): Uint8Array {
    const end = this.position + length;
    if (!Number.isSafeInteger(length) || length < 0 || end > this.bytes.length) {
      throw new WireError('a length beyond the end');
    }
    const taken = this.bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }
}

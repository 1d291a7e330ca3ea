import { isUtf8 } from 'node:buffer';
import { badRequest, type RequestError } from '../request-error';

/** How a field of a protocol buffer message is written. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

const MAX_VARINT_BYTES = 10;
const MAX_GROUPS = 100;
const TWO_TO_32 = 2 ** 32;

/** What the decoder of Node.js puts in place of bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd';

/**
 * Reads the fields of a protocol buffer message, one after the other: `while (reader.next()) { … reader.field … }`. The
 * value of every field must be read or skipped before the next.
 *
 * @see https://protobuf.dev/programming-guides/encoding
 */
export class WireReader {
  /** Number of the current field. */
  field = 0;

  /** Wire type of the current field. */
  type: number = WIRE.varint;

  /** Lower 32 bits of the last varint, signed. */
  low = 0;

  /** Upper 32 bits of the last varint, signed. */
  high = 0;

  /**
   * @param at first byte of the message
   * @param end behind its last byte
   */
  constructor(
    readonly bytes: Buffer,
    public at = 0,
    readonly end = bytes.length,
  ) {}

  /** Goes to the next field; false at the end of the message. */
  next(): boolean {
    if (this.at >= this.end) {
      return false;
    }
    this.varint();
    this.field = this.low >>> 3;
    this.type = this.low & 7;
    if (this.high !== 0 || this.field === 0) {
      throw malformed('a field has no valid number');
    }
    return true;
  }

  /** Reads a varint into {@link low} and {@link high}. */
  varint(): void {
    const { bytes, end } = this;
    let low = 0;
    let high = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      if (this.at >= end) {
        throw malformed('it ends within a number');
      }
      const byte = bytes[this.at];
      this.at += 1;
      const bits = byte & 0x7f;
      const shift = 7 * index;
      if (shift < 28) {
        low |= bits << shift;
      } else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else {
        high |= bits << (shift - 32);
      }
      if (byte < 0x80) {
        this.low = low;
        this.high = high;
        return;
      }
    }
    throw malformed('a number is longer than 10 bytes');
  }

  /** Reads an int64 as a number: exact up to 2^53. */
  int64(): number {
    this.expect(WIRE.varint);
    this.varint();
    return this.high * TWO_TO_32 + (this.low >>> 0);
  }

  /** Reads a length-delimited value: the place of its content, which is skipped. */
  delimited(): WireReader {
    this.expect(WIRE.bytes);
    const start = this.lengthChecked();
    return new WireReader(this.bytes, start, this.at);
  }

  /** Reads a string. */
  text(): string {
    this.expect(WIRE.bytes);
    const start = this.lengthChecked();
    const text = this.bytes.toString('utf8', start, this.at);
    if (text.includes(REPLACEMENT) && !isUtf8(this.bytes.subarray(start, this.at))) {
      throw malformed('a string is not valid UTF-8');
    }
    return text;
  }

  /** Reads a bytes value, without a copy. */
  binary(): Uint8Array {
    this.expect(WIRE.bytes);
    const start = this.lengthChecked();
    return this.view(start, this.at);
  }

  /** The bytes of a part of the message, without a copy. */
  view(start: number, end: number): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, end - start);
  }

  /** Skips the value of the current field. */
  skip(): void {
    this.skipValue(MAX_GROUPS);
  }

  /** @throws RequestError 400 when the current field is written in another way */
  expect(type: number): void {
    if (this.type !== type) {
      throw malformed(`field ${this.field} is not of the type that the protocol says`);
    }
  }

  /** Skips a number of bytes. */
  advance(bytes: number): void {
    if (bytes > this.end - this.at) {
      throw malformed(`field ${this.field} is longer than the message`);
    }
    this.at += bytes;
  }

  /** Reads a length and skips the content; returns where that starts. */
  private lengthChecked(): number {
    this.varint();
    const start = this.at;
    this.advance(this.high === 0 ? this.low >>> 0 : Number.POSITIVE_INFINITY);
    return start;
  }

  private skipValue(groups: number): void {
    switch (this.type) {
      case WIRE.varint:
        this.varint();
        return;
      case WIRE.fixed64:
        this.advance(8);
        return;
      case WIRE.bytes:
        this.lengthChecked();
        return;
      case WIRE.fixed32:
        this.advance(4);
        return;
      case WIRE.startGroup:
        this.skipGroup(this.field, groups);
        return;
      default:
        throw malformed(`field ${this.field} has the wire type ${this.type}, which does not exist here`);
    }
  }

  private skipGroup(field: number, groups: number): void {
    if (groups === 0) {
      throw malformed('groups are nested too deeply');
    }
    while (this.next()) {
      if (this.type === WIRE.endGroup) {
        if (this.field === field) {
          return;
        }
        break;
      }
      this.skipValue(groups - 1);
    }
    throw malformed('a group has no end');
  }
}

/** The bytes are not a message of the protocol. */
export function malformed(reason: string): RequestError {
  return badRequest(`The message does not fit its protocol buffer definition: ${reason}.`);
}

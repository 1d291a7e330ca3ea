import type { ByteSource } from './byte-source';

/** Wire types of protocol buffers. Source: protobuf.dev/programming-guides/encoding. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const WINDOW_BYTES = 64 * 1024;
const MAX_VARINT_BYTES = 10;

/** Where something lies in the file, with its tag. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The bytes are not a protocol buffer. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/**
 * Walks over the fields of one protobuf message, without schema and without reading what it passes over.
 *
 * After {@link next} has returned true, the fields describe the current field.
 */
export class WireCursor {
  /** Number of the current field. */
  field = 0;

  /** Where the tag of the current field starts. */
  tagStart = 0;

  /** Where the value of the current field starts and ends; the contents when it is length-delimited. */
  start = 0;
  end = 0;

  /** Value of the current field when it is a varint; exact up to 2^53. */
  number = 0;

  /** Whether the current field is length-delimited: bytes, a string, a message or packed numbers. */
  delimited = false;

  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;
  private position: number;

  /**
   * @param source bytes of the whole file
   * @param from where the message starts
   * @param to where the message ends
   */
  constructor(
    private readonly source: ByteSource,
    from: number,
    private readonly to: number,
  ) {
    this.position = from;
  }

  /** Steps to the next field; false at the end of the message. */
  next(): boolean {
    if (this.position >= this.to) {
      return false;
    }
    this.tagStart = this.position;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.delimited = false;
    switch (tag % 8) {
      case VARINT:
        this.start = this.position;
        this.number = this.varint();
        this.end = this.position;
        break;
      case LENGTH_DELIMITED: {
        const length = this.varint();
        this.delimited = true;
        this.skip(length);
        break;
      }
      case FIXED64:
        this.skip(8);
        break;
      case FIXED32:
        this.skip(4);
        break;
      default:
        throw new WireError(`unknown wire type ${tag % 8} at byte ${this.tagStart}`);
    }
    if (this.field === 0) {
      throw new WireError(`field number 0 at byte ${this.tagStart}`);
    }
    return true;
  }

  /** The current field as a message of its own. */
  message(): WireCursor {
    if (!this.delimited) {
      throw new WireError(`field ${this.field} at byte ${this.tagStart} should be a message`);
    }
    const inner = new WireCursor(this.source, this.start, this.end);
    // Small messages are mostly in the bytes that were read already.
    inner.window = this.window;
    inner.windowStart = this.windowStart;
    return inner;
  }

  /** The current field as text. */
  text(): string {
    if (!this.delimited) {
      throw new WireError(`field ${this.field} at byte ${this.tagStart} should be text`);
    }
    return Buffer.from(this.bytes(this.start, this.end)).toString('utf8');
  }

  /** The text of a field of the rest of this message: of several the last, as the encoding has it; empty when there is none. */
  lastText(field: number): string {
    let text = '';
    while (this.next()) {
      if (this.field === field) {
        text = this.text();
      }
    }
    return text;
  }

  /** The current field as integers: one, or many when they are packed. Signed, 64 bits. */
  integers(): bigint[] {
    const values = new WireCursor(this.source, this.start, this.end);
    const result: bigint[] = [];
    while (values.position < values.to) {
      result.push(values.bigVarint());
    }
    return result;
  }

  private bytes(start: number, end: number): Uint8Array {
    const offset = start - this.windowStart;
    const inWindow = offset >= 0 && offset + end - start <= this.window.length;
    return inWindow ? this.window.subarray(offset, offset + end - start) : this.source.read(start, end);
  }

  private skip(length: number): void {
    this.start = this.position;
    this.end = this.position + length;
    if (this.end > this.to) {
      throw new WireError(`field ${this.field} at byte ${this.tagStart} ends after its message`);
    }
    this.position = this.end;
  }

  private varint(): number {
    let value = 0;
    let weight = 1;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) {
        return value;
      }
      weight *= 128;
    }
    throw new WireError(`number without end at byte ${this.tagStart}`);
  }

  private bigVarint(): bigint {
    let value = 0n;
    for (let index = 0n; index < MAX_VARINT_BYTES; index += 1n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << (7n * index);
      if (byte < 0x80) {
        return BigInt.asIntN(64, value);
      }
    }
    throw new WireError(`number without end at byte ${this.position}`);
  }

  private byte(): number {
    if (this.position >= this.to) {
      throw new WireError(`the message ends within a field, at byte ${this.position}`);
    }
    let offset = this.position - this.windowStart;
    if (offset < 0 || offset >= this.window.length) {
      this.windowStart = this.position;
      this.window = this.source.read(this.position, Math.min(this.to, this.position + WINDOW_BYTES));
      offset = 0;
      if (this.window.length === 0) {
        throw new WireError(`the file ends within a field, at byte ${this.position}`);
      }
    }
    this.position += 1;
    return this.window[offset];
  }
}

/** A number as a varint. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A field with a number. */
export function numberField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8 + VARINT), varint(value)]);
}

/** A field with text, bytes or a message. */
export function delimitedField(field: number, content: string | Uint8Array): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([delimitedHeader(field, bytes.length), bytes]);
}

/** What stands before so many bytes of a field with text, bytes or a message. */
export function delimitedHeader(field: number, length: number): Buffer {
  return Buffer.concat([varint(field * 8 + LENGTH_DELIMITED), varint(length)]);
}

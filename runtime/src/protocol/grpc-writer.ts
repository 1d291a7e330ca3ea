import { WIRE } from './grpc-wire';

/** Writes the fields of a protocol buffer message into memory that is large enough. */
export class WireWriter {
  /** Bytes written so far. */
  at = 0;

  constructor(readonly bytes: Buffer) {}

  /** Writes a number from 0 to 2^31 - 1. */
  varint(value: number): void {
    const { bytes } = this;
    let rest = value;
    while (rest > 0x7f) {
      bytes[this.at] = (rest & 0x7f) | 0x80;
      this.at += 1;
      rest >>>= 7;
    }
    bytes[this.at] = rest;
    this.at += 1;
  }

  /** Writes a number of 64 bits, given as its halves. */
  varint64(low: number, high: number): void {
    const { bytes } = this;
    let rest = low >>> 0;
    let upper = high >>> 0;
    while (upper !== 0 || rest > 0x7f) {
      bytes[this.at] = (rest & 0x7f) | 0x80;
      this.at += 1;
      rest = ((rest >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    bytes[this.at] = rest;
    this.at += 1;
  }

  /** Writes the tag of a field and the length of what follows. */
  delimited(field: number, length: number): void {
    this.varint((field << 3) | WIRE.bytes);
    this.varint(length);
  }

  /** Writes bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.at);
    this.at += bytes.byteLength;
  }
}

/** Bytes of a number from 0 to 2^31 - 1. */
export function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** Bytes of a field with a number below 16, a length and that many bytes. */
export function delimitedSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** A field of text or bytes, complete; nothing when it is empty, as the encoding has it. */
export function delimitedField(field: number, value: string | Uint8Array): Buffer {
  const content = typeof value === 'string' ? Buffer.from(value) : value;
  if (content.length === 0) {
    return Buffer.alloc(0);
  }
  const writer = new WireWriter(Buffer.alloc(delimitedSize(content.length)));
  writer.delimited(field, content.length);
  writer.raw(content);
  return writer.bytes;
}

/** A field of `repeated int64`, packed; nothing when there are none. */
export function packedIntegers(field: number, values: readonly number[]): Buffer {
  const writer = new WireWriter(Buffer.alloc(values.length * 10));
  for (const value of values) {
    writer.varint64(value, Math.floor(value / 2 ** 32));
  }
  return delimitedField(field, writer.bytes.subarray(0, writer.at));
}

/** A field of `bool`; nothing when it is false, as the encoding has it. */
export function booleanField(field: number, value: boolean): Buffer {
  return value ? Buffer.from([(field << 3) | WIRE.varint, 1]) : Buffer.alloc(0);
}

/** A field of `uint64`; nothing when it is 0, as the encoding has it. Exact up to 2^53. */
export function integerField(field: number, value: number): Buffer {
  if (value === 0) {
    return Buffer.alloc(0);
  }
  const writer = new WireWriter(Buffer.alloc(11));
  writer.varint((field << 3) | WIRE.varint);
  writer.varint64(value, Math.floor(value / 2 ** 32));
  return writer.bytes.subarray(0, writer.at);
}

/** A field of a message, complete. It is there even when the message says nothing: readers can tell that it is set. */
export function messageField(field: number, fields: readonly Buffer[]): Buffer {
  const content = Buffer.concat(fields);
  const writer = new WireWriter(Buffer.alloc(delimitedSize(content.length)));
  writer.delimited(field, content.length);
  writer.raw(content);
  return writer.bytes;
}

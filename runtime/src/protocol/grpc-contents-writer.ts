import type { Datatype, TensorData } from '../model';
import { delimitedSize, WireWriter } from './grpc-writer';

/** An `InferTensorContents` without the tag of its field and its length, which depend on each other. */
export interface WrittenContents {
  /** Field whose packed elements the bytes are; undefined when the bytes are complete fields. */
  readonly field: number | undefined;
  readonly bytes: Uint8Array;
}

/** Writes elements of a tensor, from one position to another. */
type ContentsWriter = (data: TensorData, from: number, to: number) => WrittenContents;

const FIELD_OF_BYTES = 8;

/** Writers of all datatypes that have typed contents; FP16 and BF16 have none. */
export const CONTENTS_WRITERS: Readonly<Partial<Record<Datatype, ContentsWriter>>> = {
  BOOL: integers(1),
  INT8: integers(2),
  INT16: integers(2),
  INT32: integers(2),
  INT64: longs(3),
  UINT8: integers(4),
  UINT16: integers(4),
  UINT32: integers(4),
  UINT64: longs(5),
  FP32: floats(6),
  FP64: floats(7),
  BYTES: writeStrings,
};

/** Numbers of a fixed size are in memory as they are on the wire: little-endian. */
function floats(field: number): ContentsWriter {
  return (data, from, to) => {
    const { buffer, byteOffset, BYTES_PER_ELEMENT: width } = data as Float32Array;
    return { field, bytes: new Uint8Array(buffer, byteOffset + from * width, (to - from) * width) };
  };
}

/** A negative number is written with all of its 64 bits. */
function integers(field: number): ContentsWriter {
  return (data, from, to) => {
    const numbers = data as Int32Array;
    const writer = new WireWriter(Buffer.allocUnsafe((to - from) * 10));
    for (let index = from; index < to; index += 1) {
      const value = numbers[index];
      writer.varint64(value, value < 0 ? -1 : 0);
    }
    return { field, bytes: writer.bytes.subarray(0, writer.at) };
  };
}

/** Read as two halves: exact, and without an object an element. */
function longs(field: number): ContentsWriter {
  return (data, from, to) => {
    const { buffer, byteOffset, length } = data as BigInt64Array;
    const halves = new Int32Array(buffer, byteOffset, 2 * length);
    const writer = new WireWriter(Buffer.allocUnsafe((to - from) * 10));
    for (let index = from; index < to; index += 1) {
      writer.varint64(halves[2 * index], halves[2 * index + 1]);
    }
    return { field, bytes: writer.bytes.subarray(0, writer.at) };
  };
}

function writeStrings(data: TensorData, from: number, to: number): WrittenContents {
  const texts = (data as string[]).slice(from, to).map((text) => Buffer.from(text));
  const writer = new WireWriter(
    Buffer.allocUnsafe(texts.reduce((size, { length }) => size + delimitedSize(length), 0)),
  );
  for (const text of texts) {
    writer.delimited(FIELD_OF_BYTES, text.length);
    writer.raw(text);
  }
  return { field: undefined, bytes: writer.bytes };
}

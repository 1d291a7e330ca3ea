import { isUtf8 } from 'node:buffer';
import { DATATYPES, type Datatype, elementCount, type Tensor, type TensorData, type TensorSpec } from '../model';
import { badRequest, counted } from '../request-error';

/** Bytes of the length before each element of BYTES. */
const LENGTH_BYTES = 4;

/** Keeps a byte order mark at the start of a text: it is part of the data. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads a tensor from its binary form: little-endian, row-major, without padding; an element of BYTES is its length in
 * 4 bytes and then UTF-8.
 *
 * Numbers are not copied where their alignment allows it, so the bytes must not change before the run is over.
 *
 * @see https://github.com/kserve/open-inference-protocol, extension for binary tensor data
 * @throws RequestError 400 when the bytes are not exactly a tensor of this shape
 */
export function readBinary(bytes: Uint8Array, { name, datatype }: TensorSpec, shape: readonly number[]): Tensor {
  const count = elementCount(shape);
  if (datatype === 'BYTES') {
    return { datatype, shape, data: readStrings(bytes, name, count) };
  }
  const width = widthOf(datatype);
  if (bytes.byteLength !== count * width) {
    throw badRequest(
      `Input '${name}': the binary data has ${counted(bytes.byteLength, 'byte')}, but ${datatype} of the shape ` +
        `[${shape}] needs ${count * width}.`,
    );
  }
  const data = view(bytes, datatype, width);
  if (datatype === 'BOOL' && (data as Uint8Array).some((value) => value > 1)) {
    throw badRequest(`Input '${name}': a byte of BOOL must be 0 or 1.`);
  }
  return { datatype, shape, data };
}

/** Rows of a tensor in its binary form; without a copy where the elements are numbers. */
export function binaryRows({ datatype, shape, data }: Tensor, firstRow: number, rows: number): Uint8Array {
  const stride = elementCount(shape.slice(1));
  return binaryElements(datatype, data, firstRow * stride, (firstRow + rows) * stride);
}

/** A whole tensor in its binary form. */
export function binaryAll({ datatype, data }: Tensor): Uint8Array {
  return binaryElements(datatype, data, 0, data.length);
}

function binaryElements(datatype: Datatype, data: TensorData, from: number, to: number): Uint8Array {
  if (Array.isArray(data)) {
    return writeStrings(data.slice(from, to));
  }
  const width = widthOf(datatype);
  return new Uint8Array(data.buffer, data.byteOffset + from * width, (to - from) * width);
}

/** Bytes of an element; 0 for BYTES, whose elements have no common size. */
export function widthOf(datatype: Datatype): number {
  return WIDTHS[datatype];
}

const WIDTHS = Object.fromEntries(
  Object.entries(DATATYPES).map(([datatype, { allocate }]) => {
    const data = allocate(0);
    return [datatype, Array.isArray(data) ? 0 : data.BYTES_PER_ELEMENT];
  }),
) as Readonly<Record<Datatype, number>>;

/** The same memory as an array of the datatype; a copy when it does not start at a multiple of the element's size. */
function view(bytes: Uint8Array, datatype: Datatype, width: number): TensorData {
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  const type = DATATYPES[datatype].allocate(0).constructor as new (
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
  ) => TensorData;
  return new type(aligned.buffer, aligned.byteOffset, aligned.byteLength / width);
}

function readStrings(bytes: Uint8Array, name: string, count: number): string[] {
  const lengths = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strings: string[] = [];
  let offset = 0;
  while (strings.length < count && offset + LENGTH_BYTES <= bytes.byteLength) {
    const start = offset + LENGTH_BYTES;
    offset = start + lengths.getUint32(offset, true);
    if (offset > bytes.byteLength) {
      break;
    }
    strings.push(textOf(bytes.subarray(start, offset), name, strings.length));
  }
  if (strings.length !== count || offset !== bytes.byteLength) {
    throw badRequest(
      `Input '${name}': the binary data is not exactly ${counted(count, 'element')} of BYTES, each its length in 4 bytes ` +
        '(little-endian) and its content.',
    );
  }
  return strings;
}

/** The engine ends a string at U+0000, and replaces what is not Unicode: both would change the data silently. */
export function textOf(bytes: Uint8Array, name: string, index: number): string {
  if (!isUtf8(bytes) || bytes.includes(0)) {
    throw badRequest(`Input '${name}': element ${index} must be UTF-8 without the character U+0000.`);
  }
  return decoder.decode(bytes);
}

function writeStrings(strings: readonly string[]): Uint8Array {
  const lengths = strings.map((text) => Buffer.byteLength(text));
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + LENGTH_BYTES + length, 0));
  let offset = 0;
  strings.forEach((text, index) => {
    offset = bytes.writeUInt32LE(lengths[index], offset);
    offset += bytes.write(text, offset);
  });
  return bytes;
}

// Tensors in their binary form, as the extension for binary tensor data and raw contents of gRPC have it:
// little-endian, row-major, an element of BYTES after its length in four bytes.

/** Size of an element and how it is written and read, by datatype. */
const NUMBERS = {
  BOOL: [1, (view, at, element) => view.setUint8(at, element ? 1 : 0), (view, at) => view.getUint8(at) === 1],
  INT8: [1, (view, at, element) => view.setInt8(at, element), (view, at) => view.getInt8(at)],
  INT16: [2, (view, at, element) => view.setInt16(at, element, true), (view, at) => view.getInt16(at, true)],
  INT32: [4, (view, at, element) => view.setInt32(at, element, true), (view, at) => view.getInt32(at, true)],
  INT64: [8, (view, at, element) => view.setBigInt64(at, element, true), (view, at) => view.getBigInt64(at, true)],
  UINT8: [1, (view, at, element) => view.setUint8(at, element), (view, at) => view.getUint8(at)],
  UINT16: [2, (view, at, element) => view.setUint16(at, element, true), (view, at) => view.getUint16(at, true)],
  UINT32: [4, (view, at, element) => view.setUint32(at, element, true), (view, at) => view.getUint32(at, true)],
  UINT64: [8, (view, at, element) => view.setBigUint64(at, element, true), (view, at) => view.getBigUint64(at, true)],
  FP16: [
    2,
    (view, at, element) => view.setUint16(at, halfOf(element), true),
    (view, at) => ofHalf(view.getUint16(at, true)),
  ],
  BF16: [2, writeBfloat16, (view, at) => ofBits(view.getUint16(at, true) << 16)],
  FP32: [4, (view, at, element) => view.setFloat32(at, element, true), (view, at) => view.getFloat32(at, true)],
  FP64: [8, (view, at, element) => view.setFloat64(at, element, true), (view, at) => view.getFloat64(at, true)],
};

const LENGTH_BYTES = 4;

/**
 * Writes a tensor.
 *
 * @param elements numbers, booleans or texts; integers of 64 bits may be written as text
 */
function encodeTensor({ datatype, data }) {
  if (datatype === 'BYTES') {
    return Buffer.concat(data.flatMap((text) => [lengthOf(text), Buffer.from(text)]));
  }
  const [width, write] = NUMBERS[datatype];
  const bytes = Buffer.alloc(data.length * width);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  data.forEach((element, index) => {
    write(view, index * width, datatype.endsWith('INT64') ? BigInt(element) : element);
  });
  return bytes;
}

/** Reads a tensor; throws when the bytes are no whole number of elements. */
function decodeTensor(datatype, bytes) {
  return datatype === 'BYTES' ? decodeTexts(bytes) : decodeNumbers(datatype, bytes);
}

function decodeNumbers(datatype, bytes) {
  if (NUMBERS[datatype] === undefined) {
    throw new Error(`the datatype ${datatype} has no binary form`);
  }
  const [width, , read] = NUMBERS[datatype];
  if (bytes.length % width !== 0) {
    throw new Error(`${bytes.length} bytes are no whole number of elements of ${datatype}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / width }, (_, index) => read(view, index * width));
}

function decodeTexts(bytes) {
  const texts = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + LENGTH_BYTES;
    at = start <= bytes.length ? start + bytes.readUInt32LE(at) : Number.POSITIVE_INFINITY;
    if (at > bytes.length) {
      throw new Error('an element of BYTES is longer than the data');
    }
    texts.push(bytes.toString('utf8', start, at));
  }
  return texts;
}

function lengthOf(text) {
  const bytes = Buffer.alloc(LENGTH_BYTES);
  bytes.writeUInt32LE(Buffer.byteLength(text));
  return bytes;
}

/** The value of the 16 bits of a number of half precision. */
function ofHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) {
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** The 16 bits of a number that half precision holds exactly; the cases of the pack use no other. */
function halfOf(number) {
  for (let bits = 0; bits < 0x10000; bits += 1) {
    if (Object.is(ofHalf(bits), number)) {
      return bits;
    }
  }
  throw new Error(`FP16 does not hold ${number} exactly`);
}

/** Writes a number that the first half of the bits of single precision holds exactly; cases use no other. */
function writeBfloat16(view, at, number) {
  const scratch = new DataView(new ArrayBuffer(4));
  scratch.setFloat32(0, number);
  if (!Object.is(scratch.getFloat32(0), number) || scratch.getUint16(2) !== 0) {
    throw new Error(`BF16 does not hold ${number} exactly`);
  }
  view.setUint16(at, scratch.getUint16(0), true);
}

/** The number in single precision that has these 32 bits. */
function ofBits(bits) {
  const scratch = new DataView(new ArrayBuffer(4));
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}

module.exports = { decodeTensor, encodeTensor };

import type { Reader, Writer } from 'protobufjs';

/** Bytes of an integer of 64 bits, seven bits each. */
const MOST_BYTES = 10;

/** So many of them a double adds up exactly. */
const EXACT_BYTES = 7;

const WORD = 2 ** 32;

/** Reads seven bits a byte, without sign; a bigint where a number does not hold it. */
function readVarint(reader: Reader): number | bigint {
  const { buf } = reader;
  let sum = 0;
  let factor = 1;
  for (let index = 0; index < EXACT_BYTES; index += 1) {
    const byte = nextByte(reader, buf);
    sum += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) {
      return sum;
    }
  }
  let big = BigInt(sum);
  for (let index = EXACT_BYTES; index < MOST_BYTES; index += 1) {
    const byte = nextByte(reader, buf);
    big |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) {
      return BigInt.asUintN(64, big);
    }
  }
  throw new Error(`an integer has more than ${MOST_BYTES} bytes`);
}

export function readInt64(reader: Reader): number | bigint {
  const value = readVarint(reader);
  return typeof value === 'number' ? value : smallest(BigInt.asIntN(64, value));
}

export function readUint64(reader: Reader): number | bigint {
  const value = readVarint(reader);
  return typeof value === 'number' ? value : smallest(value);
}

/** The sign is the last bit. */
export function readSint64(reader: Reader): number | bigint {
  const value = readVarint(reader);
  if (typeof value === 'number') {
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  return smallest((value >> 1n) ^ -(value & 1n));
}

export function readFixed64(reader: Reader): number | bigint {
  const low = reader.fixed32();
  const high = reader.fixed32();
  const number = high * WORD + low;
  return Number.isSafeInteger(number) ? number : (BigInt(high) << 32n) | BigInt(low);
}

export function readSfixed64(reader: Reader): number | bigint {
  const value = readFixed64(reader);
  return typeof value === 'number' ? value : smallest(BigInt.asIntN(64, value));
}

/** An integer as the library takes it. */
export function wordsOf(integer: bigint): Parameters<Writer['int64']>[0] {
  return {
    low: Number(BigInt.asIntN(32, integer)),
    high: Number(BigInt.asIntN(32, integer >> 32n)),
    unsigned: false,
  } as Parameters<Writer['int64']>[0];
}

function nextByte(reader: Reader, bytes: Uint8Array): number {
  if (reader.pos >= reader.len) {
    throw new Error(`more bytes are needed than the ${reader.len} there are`);
  }
  const byte = bytes[reader.pos];
  reader.pos += 1;
  return byte;
}

function smallest(integer: bigint): number | bigint {
  return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
}

type Mutation = (bytes: Buffer, random: () => number) => Buffer;

/** Lengths and numbers as protocol buffers write them: zero, one byte too many, 2^31, 2^32, 2^63, 2^64 - 1, without end. */
const VARINTS = [
  '00',
  '7f',
  '8001',
  'ffffffff07',
  '8080808010',
  '80808080808080808001',
  'ffffffffffffffffff01',
  'ffffffffffffffffffff',
];

const index = (bytes: Buffer, random: () => number) => Math.floor(random() * bytes.length);
const splice = (bytes: Buffer, from: number, to: number, replacement: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, from), replacement, bytes.subarray(to)]);

/** Lengths stay right, so that most of the file is still understood. */
const IN_PLACE: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const changed = Buffer.from(bytes);
    changed[index(bytes, random)] ^= 1 << Math.floor(random() * 8);
    return changed;
  },
  function setByte(bytes, random) {
    const changed = Buffer.from(bytes);
    changed[index(bytes, random)] = Math.floor(random() * 256);
    return changed;
  },
];

const ANYWHERE: readonly Mutation[] = [
  ...IN_PLACE,
  function truncate(bytes, random) {
    return bytes.subarray(0, index(bytes, random));
  },
  function enlargeByte(bytes, random) {
    // Most single bytes of a small message are lengths, tags or small numbers.
    const at = index(bytes, random);
    return splice(bytes, at, at + 1, Buffer.from(VARINTS[Math.floor(random() * VARINTS.length)], 'hex'));
  },
  function remove(bytes, random) {
    const from = index(bytes, random);
    return splice(bytes, from, from + 1 + Math.floor(random() * 16), Buffer.alloc(0));
  },
  function duplicate(bytes, random) {
    const from = index(bytes, random);
    return splice(bytes, from, from, bytes.subarray(from, from + 1 + Math.floor(random() * 64)));
  },
  function exchange(bytes, random) {
    const [a, b] = [index(bytes, random), index(bytes, random)].sort((one, other) => one - other);
    const length = Math.floor(random() * 16);
    const middle = bytes.subarray(a + length, b);
    return Buffer.concat([
      bytes.subarray(0, a),
      bytes.subarray(b, b + length),
      middle,
      bytes.subarray(a, a + length),
      bytes.subarray(b + length),
    ]);
  },
];

/** Changes bytes, which may be a protocol buffer, in one to three ways. */
export function mutateBinary(bytes: Buffer, random: () => number): Buffer {
  const mutations = random() < 0.5 ? IN_PLACE : ANYWHERE;
  let changed = bytes;
  for (let count = 1 + Math.floor(random() * 3); count > 0 && changed.length > 0; count -= 1) {
    changed = mutations[Math.floor(random() * mutations.length)](changed, random);
  }
  return changed;
}

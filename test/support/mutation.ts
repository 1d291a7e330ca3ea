/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Pieces of text that parsers stumble over. */
const NASTY = [
  '1e999',
  '-1e999',
  '9'.repeat(400),
  '0.'.padEnd(300, '1'),
  '1e-400',
  '-0',
  '9223372036854775808',
  '18446744073709551616',
  '1.5',
  'NaN',
  'Infinity',
  'null',
  'true',
  '""',
  '[]',
  '{}',
  '[[[[]]]]',
  '[[]]',
  '"\\u0000"',
  '"\\ud800"',
  '"\u{1F600}"',
  '"__proto__":{"instances":[[1]]},',
  '"constructor":{"prototype":{}},',
  '"toString":1,',
  '\u202e',
  '\ufeff',
  '\0',
  ',',
  ':',
  '"',
  '\\',
];

type Mutation = (bytes: Buffer, random: () => number) => Buffer;

const position = (bytes: Buffer, random: () => number) => Math.floor(random() * (bytes.length + 1));
const splice = (bytes: Buffer, from: number, to: number, replacement: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, from), replacement, bytes.subarray(to)]);

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const changed = Buffer.from(bytes);
    changed[Math.floor(random() * bytes.length)] ^= 1 << Math.floor(random() * 8);
    return changed;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, position(bytes, random));
  },
  function remove(bytes, random) {
    const from = position(bytes, random);
    return splice(bytes, from, from + Math.floor(random() * 8) + 1, Buffer.alloc(0));
  },
  function duplicate(bytes, random) {
    const from = position(bytes, random);
    const piece = bytes.subarray(from, from + Math.floor(random() * 40) + 1);
    return splice(bytes, from, from, piece);
  },
  function insert(bytes, random) {
    const at = position(bytes, random);
    return splice(bytes, at, at, Buffer.from(NASTY[Math.floor(random() * NASTY.length)]));
  },
  function replaceNumber(bytes, random) {
    const text = bytes.toString('latin1');
    const numbers = [...text.matchAll(/-?\d+(\.\d+)?/g)];
    if (numbers.length === 0) {
      return bytes;
    }
    const { index, 0: digits } = numbers[Math.floor(random() * numbers.length)];
    return splice(bytes, index, index + digits.length, Buffer.from(NASTY[Math.floor(random() * NASTY.length)]));
  },
  function nest(bytes, random) {
    const text = bytes.toString('latin1');
    const lists = [...text.matchAll(/\[[^[\]]*\]/g)];
    if (lists.length === 0) {
      return bytes;
    }
    const { index, 0: list } = lists[Math.floor(random() * lists.length)];
    const depth = 10 ** Math.floor(random() * 5);
    return splice(
      bytes,
      index,
      index + list.length,
      Buffer.from('['.repeat(depth) + list + ']'.repeat(depth), 'latin1'),
    );
  },
  function changeKey(bytes, random) {
    const keys = ['__proto__', 'constructor', 'hasOwnProperty', 'instances', 'inputs', 'name', 'shape', 'data', ''];
    const key = keys[Math.floor(random() * keys.length)];
    const text = bytes.toString('latin1');
    const found = [...text.matchAll(/"\w+":/g)];
    if (found.length === 0) {
      return bytes;
    }
    const { index, 0: old } = found[Math.floor(random() * found.length)];
    return splice(bytes, index, index + old.length, Buffer.from(`"${key}":`));
  },
];

/** Changes a body in one to three ways. */
export function mutate(bytes: Buffer, random: () => number): Buffer {
  let changed = bytes;
  for (let count = 1 + Math.floor(random() * 3); count > 0 && changed.length > 0; count -= 1) {
    changed = MUTATIONS[Math.floor(random() * MUTATIONS.length)](changed, random);
  }
  return changed;
}

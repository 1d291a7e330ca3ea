import { DecimalReader } from './decimal';

const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const SPACE = 0x20;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const TAB = 0x09;

/** A list with more axes is left to the general parser. */
const MAX_RANK = 12;

/** Memory for numbers that is kept for the next list, in elements. */
const FIRST_ROOM = 4096;
const MOST_KEPT_ROOM = 256 * 1024;

/** Nested lists of numbers, all lists of an axis of the same length, none empty. */
export interface NumberList {
  /** Length of the lists of each axis. */
  readonly shape: readonly number[];

  /** The numbers; valid until the next list is read. */
  readonly numbers: Float64Array;

  /** Position behind the list. */
  readonly end: number;
}

const decimals = new DecimalReader();
let room = new Float64Array(FIRST_ROOM);

/**
 * Reads nested lists of numbers straight from the bytes of a body: what `JSON.parse` would give, without the values
 * between text and tensor.
 *
 * @param start position of the outermost bracket
 * @param narrow the numbers become FP32: one may be another double that rounds to the same FP32
 * @returns undefined when the text is anything else than this: not JSON, ragged, empty or with other elements
 */
export function readNumberList(bytes: Buffer, start: number, narrow: boolean): NumberList | undefined {
  let at = start;
  let rank = 0;
  while (bytes[at] === OPEN && rank <= MAX_RANK) {
    rank += 1;
    at = skipSpace(bytes, at + 1);
  }
  if (rank === 0 || rank > MAX_RANK) {
    return undefined;
  }
  const last = rank - 1;
  const shape = new Array<number>(rank).fill(0);
  const lengths = new Array<number>(rank).fill(0);
  let numbers = room;
  let count = 0;
  for (;;) {
    const first = count;
    let byte = COMMA;
    while (byte === COMMA) {
      const value = decimals.read(bytes, at, narrow);
      if (decimals.end < 0) {
        return undefined;
      }
      if (count === numbers.length) {
        numbers = larger(numbers);
      }
      numbers[count] = value;
      count += 1;
      at = decimals.end;
      byte = bytes[at];
      if (byte <= SPACE) {
        at = skipSpace(bytes, at);
        byte = bytes[at];
      }
      at += 1;
      if (byte === COMMA && bytes[at] <= SPACE) {
        at = skipSpace(bytes, at);
      }
    }
    lengths[last] = count - first;
    if (byte !== CLOSE || !isRegular(shape, lengths, last)) {
      return undefined;
    }
    let axis = last;
    while (axis > 0) {
      // A list of this axis has ended.
      axis -= 1;
      lengths[axis] += 1;
      at = skipSpace(bytes, at);
      byte = bytes[at];
      at += 1;
      if (byte === COMMA) {
        break;
      }
      if (byte !== CLOSE || !isRegular(shape, lengths, axis)) {
        return undefined;
      }
    }
    if (byte === CLOSE) {
      return { shape, numbers: numbers.subarray(0, count), end: at };
    }
    for (let inner = axis + 1; inner <= last; inner += 1) {
      at = skipSpace(bytes, at);
      if (bytes[at] !== OPEN) {
        return undefined;
      }
      at += 1;
      lengths[inner] = 0;
    }
    at = skipSpace(bytes, at);
  }
}

/** Position of the next byte that is not white space of JSON. */
export function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  let byte = bytes[at];
  while (byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB) {
    at += 1;
    byte = bytes[at];
  }
  return at;
}

/** Whether the list that has ended is as long as those of its axis before it. */
function isRegular(shape: number[], lengths: readonly number[], axis: number): boolean {
  if (shape[axis] === 0) {
    shape[axis] = lengths[axis];
  }
  return shape[axis] === lengths[axis];
}

function larger(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(numbers.length * 4);
  copy.set(numbers);
  if (copy.length <= MOST_KEPT_ROOM) {
    room = copy;
  }
  return copy;
}

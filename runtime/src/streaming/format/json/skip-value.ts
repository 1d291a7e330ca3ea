import { type DecimalReader, skipSpace } from '../../../protocol';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;
const LOWER_U = 0x75;
const LOWER_T = 0x74;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;

/** `"`, `\`, `/`, `b`, `f`, `n`, `r`, `t`: what may stand behind a backslash alone. */
const ESCAPED: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
const HEXADECIMAL: ReadonlySet<number> = new Set(Buffer.from('0123456789abcdefABCDEF'));

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
export const NULL = Buffer.from('null');

/** What is nested deeper is left to the general way. */
const MOST_DEPTH = 64;

/** Whether some bytes stand at a position. */
export function standsAt(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index += 1) {
    if (bytes[at + index] !== expected[index]) {
      return false;
    }
  }
  return true;
}

/**
 * Position behind a text without escapes.
 *
 * @param start position of the first quote
 * @returns a negative number when the text has escapes, or is none
 */
export function endOfPlainText(bytes: Buffer, start: number): number {
  for (let at = start + 1; ; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      return at + 1;
    }
    if (!(byte >= SPACE) || byte === BACKSLASH) {
      return -1;
    }
  }
}

/**
 * Position behind any value. It has to be checked as strictly as a parser does, except that bytes of texts may be no UTF-8.
 *
 * @returns a negative number when there is no value
 */
export function endOfValue(bytes: Buffer, start: number, decimals: DecimalReader, depth = 0): number {
  switch (bytes[start]) {
    case QUOTE:
      return endOfText(bytes, start);
    case OPEN_OBJECT:
      return depth < MOST_DEPTH ? endOfMembers(bytes, start + 1, decimals, depth + 1) : -1;
    case OPEN_LIST:
      return depth < MOST_DEPTH ? endOfElements(bytes, start + 1, decimals, depth + 1) : -1;
    case LOWER_T:
      return standsAt(bytes, start, TRUE) ? start + TRUE.length : -1;
    case LOWER_F:
      return standsAt(bytes, start, FALSE) ? start + FALSE.length : -1;
    case LOWER_N:
      return standsAt(bytes, start, NULL) ? start + NULL.length : -1;
    default:
      decimals.read(bytes, start, true);
      return decimals.end;
  }
}

function endOfText(bytes: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      return at + 1;
    }
    if (!(byte >= SPACE)) {
      return -1;
    }
    at += 1;
    if (byte === BACKSLASH) {
      at = endOfEscape(bytes, at);
      if (at < 0) {
        return -1;
      }
    }
  }
}

function endOfEscape(bytes: Buffer, start: number): number {
  if (ESCAPED.has(bytes[start])) {
    return start + 1;
  }
  const end = start + 5;
  if (bytes[start] !== LOWER_U) {
    return -1;
  }
  for (let at = start + 1; at < end; at += 1) {
    if (!HEXADECIMAL.has(bytes[at])) {
      return -1;
    }
  }
  return end;
}

function endOfMembers(bytes: Buffer, start: number, decimals: DecimalReader, depth: number): number {
  let at = skipSpace(bytes, start);
  if (bytes[at] === CLOSE_OBJECT) {
    return at + 1;
  }
  for (;;) {
    at = bytes[at] === QUOTE ? endOfText(bytes, at) : -1;
    if (at < 0) {
      return -1;
    }
    at = skipSpace(bytes, at);
    if (bytes[at] !== COLON) {
      return -1;
    }
    at = endOfValue(bytes, skipSpace(bytes, at + 1), decimals, depth);
    if (at < 0) {
      return -1;
    }
    at = skipSpace(bytes, at);
    if (bytes[at] !== COMMA) {
      return bytes[at] === CLOSE_OBJECT ? at + 1 : -1;
    }
    at = skipSpace(bytes, at + 1);
  }
}

function endOfElements(bytes: Buffer, start: number, decimals: DecimalReader, depth: number): number {
  let at = skipSpace(bytes, start);
  if (bytes[at] === CLOSE_LIST) {
    return at + 1;
  }
  for (;;) {
    at = endOfValue(bytes, at, decimals, depth);
    if (at < 0) {
      return -1;
    }
    at = skipSpace(bytes, at);
    if (bytes[at] !== COMMA) {
      return bytes[at] === CLOSE_LIST ? at + 1 : -1;
    }
    at = skipSpace(bytes, at + 1);
  }
}

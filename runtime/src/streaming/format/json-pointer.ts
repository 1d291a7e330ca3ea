/** A JSON pointer, parsed: the names of members, or positions in lists, from the outside in. None = the whole value. */
export interface JsonPointer {
  readonly text: string;
  readonly tokens: readonly string[];
}

/** A position in a list, as RFC 6901 writes it. */
const POSITION = /^(?:0|[1-9]\d{0,8})$/;

/**
 * Parses a JSON pointer.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6901
 * @returns undefined when the text is none
 */
export function parsePointer(text: string): JsonPointer | undefined {
  if (text === '') {
    return { text, tokens: [] };
  }
  if (!text.startsWith('/') || /~(?![01])/.test(text)) {
    return undefined;
  }
  const tokens = text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  return { text, tokens };
}

/** The pointer along names. */
export function pointerOf(tokens: readonly string[]): JsonPointer {
  const text = tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return { text, tokens };
}

/** The part of a value that a pointer names; undefined when there is none. */
export function valueAt(value: unknown, { tokens }: JsonPointer): unknown {
  let found = value;
  for (const token of tokens) {
    if (typeof found !== 'object' || found === null) {
      return undefined;
    }
    if (Array.isArray(found) && !POSITION.test(token)) {
      return undefined;
    }
    found = Object.hasOwn(found, token) ? (found as Readonly<Record<string, unknown>>)[token] : undefined;
  }
  return found;
}

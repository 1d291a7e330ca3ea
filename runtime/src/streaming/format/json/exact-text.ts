import { keepInteger } from '../../../protocol';

/** So many digits may be more than a JavaScript number holds. */
const MANY_DIGITS = /\d{16}/;

/** A part of the language that its types do not know yet (ECMAScript proposal "JSON.parse source text access"). */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** Parses JSON; integers that a JavaScript number cannot hold become bigints. */
export function parseExactly(text: string): unknown {
  return MANY_DIGITS.test(text) ? JSON.parse(text, keepInteger) : JSON.parse(text);
}

/** Parses JSON so that `JSON.stringify` writes its numbers as they were written. */
export function parseForText(text: string): unknown {
  return JSON.parse(text, keepSource);
}

/** A reviver with the source text of a value, which the type of `JSON.parse` does not know yet. */
function keepSource(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value;
}

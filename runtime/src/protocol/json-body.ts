import { isUtf8 } from 'node:buffer';
import { badRequest, kindOf } from '../request-error';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A parsed JSON object. Read its keys one by one: it may have one called `__proto__`. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses a body that must be a JSON object.
 *
 * @param maxDepth deepest nesting of lists and objects
 * @throws RequestError 400
 */
export function parseObject(body: Buffer, maxDepth: number): JsonObject {
  return parse(body, maxDepth, (text) => JSON.parse(text));
}

/**
 * Like {@link parseObject}, but integers that a JavaScript number cannot hold become bigints.
 * Slower, so used only for bodies that need it.
 */
export function parseObjectExactly(body: Buffer, maxDepth: number): JsonObject {
  return parse(body, maxDepth, (text) => JSON.parse(text, keepInteger));
}

/** Whether a value is an object as JSON has them, not a list and not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A key of an object itself, not of its prototype. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function parse(body: Buffer, maxDepth: number, parseText: (text: string) => unknown): JsonObject {
  if (body.length === 0) {
    throw badRequest('The body is empty; send a JSON object.');
  }
  if (!isUtf8(body)) {
    throw badRequest('The body is not UTF-8; send JSON in UTF-8.');
  }
  if (isDeep(body, maxDepth)) {
    throw badRequest(`The body nests lists and objects deeper than ${maxDepth} (server.limits.maxJsonDepth).`);
  }
  let value: unknown;
  try {
    value = parseText(body.toString('utf8'));
  } catch {
    // The parser's own message quotes the body.
    throw badRequest('The body is not valid JSON.');
  }
  if (!isObject(value)) {
    throw badRequest(`The body is ${kindOf(value)}; send a JSON object.`);
  }
  return value;
}

/** Counts brackets before parsing: a parser spends a second on a few megabytes of them. */
function isDeep(body: Buffer, maxDepth: number): boolean {
  let depth = 0;
  for (let index = 0; index < body.length; index += 1) {
    switch (body[index]) {
      case QUOTE:
        index = endOfString(body, index);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth += 1;
        if (depth > maxDepth) {
          return true;
        }
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
    }
  }
  return false;
}

function endOfString(body: Buffer, start: number): number {
  for (let index = start + 1; index < body.length; index += 1) {
    if (body[index] === QUOTE) {
      return index;
    }
    if (body[index] === BACKSLASH) {
      index += 1;
    }
  }
  return body.length;
}

/** A reviver with the source text of a value, which the type of `JSON.parse` does not know yet. */
export function keepInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  const inexact = typeof value === 'number' && !Number.isSafeInteger(value);
  return inexact && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

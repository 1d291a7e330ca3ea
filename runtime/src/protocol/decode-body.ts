import { badRequest } from '../request-error';
import { INEXACT_INTEGER } from './element';
import { type JsonObject, parseObject, parseObjectExactly } from './json-body';
import type { WireLimits } from './limits';
import type { Prediction } from './prediction';

/**
 * Parses a body and reads it; a second time, exactly and more slowly, when an integer of it was too large for a
 * JavaScript number.
 *
 * @param read understands the parsed body
 * @throws RequestError when the body does not fit
 */
export function decodeBody(
  body: Buffer,
  { jsonDepth }: WireLimits,
  read: (parsed: JsonObject) => Prediction,
): Prediction {
  try {
    return read(parseObject(body, jsonDepth));
  } catch (error) {
    if (error !== INEXACT_INTEGER) {
      throw error;
    }
  }
  try {
    return read(parseObjectExactly(body, jsonDepth));
  } catch (error) {
    throw error === INEXACT_INTEGER
      ? badRequest('Integers beyond 2^53 must be written in digits, without exponent or fraction.')
      : error;
  }
}

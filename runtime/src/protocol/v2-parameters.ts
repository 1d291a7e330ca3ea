import { badRequest, kindOf, shown } from '../request-error';
import { isObject, type JsonObject, own } from './json-body';

const MICROS_PER_MILLI = 1000;

/** Types of a parameter's value. A bigint is an integer that was too large for a number. */
const TYPES: ReadonlySet<string> = new Set(['string', 'number', 'bigint', 'boolean']);

/**
 * Reads the parameters of a request, an input or an output. They are open: unknown ones are accepted, as long as their
 * form is right.
 *
 * @throws RequestError 400
 */
export function readParameters(parameters: unknown, path: string): JsonObject | undefined {
  if (parameters === undefined) {
    return undefined;
  }
  if (!isObject(parameters)) {
    throw badRequest(`"${path}" must be an object; found ${kindOf(parameters)}.`);
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (!TYPES.has(typeof value)) {
      throw badRequest(`${path}: ${shown(name)} must be a string, a number or a boolean; found ${kindOf(value)}.`);
    }
  }
  return parameters;
}

/**
 * The longest time that the client waits, in milliseconds: `timeout`, which is in microseconds on the wire; 0 = not said.
 *
 * @see https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_schedule_policy.md
 */
export function readTimeoutMillis(parameters: JsonObject | undefined): number | undefined {
  const micros = readCount(parameters, 'timeout', 'a whole number of microseconds, 0 or more');
  return micros === undefined || micros === 0 ? undefined : micros / MICROS_PER_MILLI;
}

/** `priority`: 1 goes first, larger numbers later; 0 = not said. Source as of {@link readTimeoutMillis}. */
export function readPriority(parameters: JsonObject | undefined): number | undefined {
  const priority = readCount(parameters, 'priority', 'a whole number, 0 or more');
  return priority === 0 ? undefined : priority;
}

/** A parameter that is true or false; undefined when it is absent. */
export function readFlag(parameters: JsonObject | undefined, name: string, path: string): boolean | undefined {
  const value = parameters && own(parameters, name);
  if (value !== undefined && typeof value !== 'boolean') {
    throw badRequest(`${path}.${name} must be true or false; found ${kindOf(value)}.`);
  }
  return value;
}

function readCount(parameters: JsonObject | undefined, name: string, rule: string): number | undefined {
  const value = parameters && own(parameters, name);
  if (value === undefined) {
    return undefined;
  }
  const count = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
  if (!Number.isInteger(count) || count < 0) {
    throw badRequest(`parameters.${name} must be ${rule}; found ${kindOf(value)}.`);
  }
  return count;
}

/** Parameters of an output that change the form of its answer, in extensions that are not offered. */
const NOT_OFFERED: Readonly<Record<string, string>> = {
  classification: 'classification',
  shared_memory_region: 'shared memory',
};

/**
 * Refuses parameters of an output that ask for another answer than would be given.
 *
 * @throws RequestError 400
 */
export function refuseExtensions(parameters: object | undefined, path: string): void {
  const name = parameters && Object.keys(NOT_OFFERED).find((key) => Object.hasOwn(parameters, key));
  if (name !== undefined) {
    throw badRequest(`${path}.${name}: the ${NOT_OFFERED[name]} extension is not offered.`);
  }
}

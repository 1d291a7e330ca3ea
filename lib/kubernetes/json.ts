/** A plain object as JSON has it; keys with the value `undefined` are left out when it is written. */
export interface Json {
  readonly [key: string]: unknown;
}

/** A value as an object, or an empty one when it is none. For reading manifests that anybody may have written. */
export function objectOf(value: unknown): Json {
  return isObject(value) ? value : {};
}

/** A value as a list of objects, or an empty one; what is no object is left out. */
export function objectsOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The value below a path of keys; `undefined` when there is none. */
export function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => objectOf(inner)[key], value);
}

/** Whether a value is an object, and no list. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

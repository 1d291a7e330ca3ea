import { isObject, quote, RULES, type Rule } from '../kubernetes';

/** What is wrong with a configuration file. */
export interface ConfigProblem {
  readonly rule: Rule;
  readonly found: string;
}

export type Check = (value: unknown, path: string) => ConfigProblem[];

/** One check for each key of a type of the contract: a key that is new there does not compile without one here. */
export type Shape<T> = { readonly [K in keyof Required<T>]: Check };

/** Form of the name and the version of a model. */
export const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const SHA256 = /^[0-9a-f]{64}$/;

export const text: Check = is((value) => typeof value === 'string' && value !== '', 'a text');
export const path: Check = is((value) => typeof value === 'string' && value.startsWith('/'), 'an absolute path');
export const flag: Check = is((value) => typeof value === 'boolean', 'true or false');
export const object: Check = is(isObject, 'an object');
export const number: Check = is((value) => Number.isSafeInteger(value) && Number(value) >= 0, 'a whole number');
export const positive: Check = is(
  (value) => Number.isSafeInteger(value) && Number(value) > 0,
  'a whole number above zero',
);
export const port: Check = is(
  (value) => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536,
  'a port',
);
export const sha256: Check = is((value) => SHA256.test(String(value)), 'a SHA-256', RULES.digest);
export const texts = list(text);
export const plain: Check = is(
  (value) => ['number', 'string', 'boolean'].includes(typeof value),
  'a number, text or flag',
);
export const share: Check = is((value) => Number(value) >= 0 && Number(value) <= 1, 'a number from 0 to 1');
export const ratio: Check = is((value) => Number(value) > 0 && Number(value) <= 1, 'a number above 0, up to 1');

export function oneOf(...values: string[]): Check {
  return is((value) => values.includes(String(value)), values.join(' or '));
}

export function list(check: Check): Check {
  return (value, where) =>
    Array.isArray(value)
      ? value.flatMap((each, index) => check(each, `${where}[${index}]`))
      : [problem(where, value, 'a list')];
}

export function is(holds: (value: unknown) => boolean, what: string, rule?: Rule): Check {
  return (value, where) => (holds(value) ? [] : [problem(where, value, what, rule)]);
}

export function shape<T>(checks: Shape<T>, optional: (keyof T)[] = []): Check {
  return (value, where) => {
    if (!isObject(value)) {
      return [problem(where, value, 'an object')];
    }
    const entries = Object.entries<Check>(checks);
    const unknown = Object.keys(value).filter((key) => !Object.hasOwn(checks, key));
    return [
      ...unknown.map((key) => ({
        rule: RULES.configuration,
        found: `${where}.${key} is no key of the configuration.`,
      })),
      ...entries.flatMap(([key, check]) =>
        value[key] === undefined && optional.some((name) => name === key) ? [] : check(value[key], `${where}.${key}`),
      ),
    ];
  };
}

export function problem(where: string, value: unknown, what: string, rule: Rule = RULES.configuration): ConfigProblem {
  return { rule, found: `${where} is ${quote(value)}, and must be ${what}.` };
}

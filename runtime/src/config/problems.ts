import type * as z from 'zod';
import type { ConfigurationProblem } from './error';

const MAX_SHOWN = 120;
const REGENERATE = 'Synthesize the file again; it is written by the library, not by hand.';

type Issue = z.core.$ZodIssue;

/** What the schema found wrong, as problems with path, value, rule and fix. */
export function problemsOf(issues: readonly Issue[], input: unknown): ConfigurationProblem[] {
  return issues.flatMap((issue) => problemOf(issue, input));
}

/** A value for people: as JSON, cut when it is long. */
export function shown(value: unknown): string | undefined {
  const text = JSON.stringify(value);
  return text !== undefined && text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** A path as it is written in a program: `models[0].sha256`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

function problemOf(issue: Issue, input: unknown): ConfigurationProblem[] {
  const path = pathText(issue.path);
  const value = shown(valueAt(input, issue.path));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: pathText([...issue.path, key]),
        value: shown(valueAt(input, [...issue.path, key])),
        rule: 'is not a key of this configuration',
        fix: 'Remove it, or use the runtime image that belongs to the version of the library that wrote this file.',
      }));
    case 'custom':
      return [{ path, value, rule: issue.message, fix: fixOf(issue.params) }];
    case 'too_small':
      return issue.origin === 'array'
        ? [{ path, value, rule: `has at least ${issue.minimum} element`, fix: 'Declare a model.' }]
        : [{ path, value, rule: `is at least ${issue.minimum}`, fix: 'Choose a larger number.' }];
    case 'too_big':
      return [{ path, value, rule: `is at most ${issue.maximum}`, fix: 'Choose a smaller number.' }];
    case 'invalid_type':
      return [
        {
          path,
          value,
          rule: value === undefined ? 'is required' : `is ${TYPE_NAMES[issue.expected] ?? issue.expected}`,
          fix: REGENERATE,
        },
      ];
    default:
      return [{ path, value, rule: issue.message, fix: REGENERATE }];
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
};

function fixOf(params: unknown): string {
  return typeof params === 'object' && params !== null && 'fix' in params && typeof params.fix === 'string'
    ? params.fix
    : REGENERATE;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}

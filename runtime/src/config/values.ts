import { posix } from 'node:path';
import * as z from 'zod';

// A schema is used once or twice in a process: to compile it takes longer than that.
z.config({ jitless: true });

// A timer of Node takes no more: setTimeout() fires at once above this.
const MAX_MILLISECONDS = 2 ** 31 - 1;
const MAX_NAME = 128;
const SAFE_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** A text that must hold a rule; `fix` is told with it when it does not. */
export function rule(holds: (text: string) => boolean, message: string, fix: string) {
  return z.string().refine(holds, { message, params: { fix } });
}

/** One of a few texts. */
export function oneOf(values: readonly string[]) {
  return rule((value) => values.includes(value), `is one of ${values.join(', ')}`, 'Choose one of them.');
}

/** A whole number between two bounds, both included. */
export function wholeNumber(minimum: number, maximum: number) {
  return z.int().min(minimum).max(maximum);
}

/** A duration that a timer can wait for. */
export const milliseconds = wholeNumber(1, MAX_MILLISECONDS);

/** Whether a text can be the name or the version of a model: it is part of URLs, paths, metrics and logs. */
export function isModelName(text: string): boolean {
  return text.length <= MAX_NAME && SAFE_NAME.test(text);
}

/** What {@link isModelName} demands, in words. */
export const MODEL_NAME_RULE = `is 1 to ${MAX_NAME} letters, digits, '.', '_' or '-', and starts and ends with a letter or a digit`;

/** Name or version of a model. */
export const name = rule(isModelName, MODEL_NAME_RULE, 'Rename it; the name is part of URLs, paths, metrics and logs.');

/** SHA-256 as the contract writes it. */
export const sha256 = rule(
  (text) => /^[0-9a-f]{64}$/.test(text),
  'is a SHA-256 of 64 lower-case hexadecimal digits',
  'Take what `sha256sum FILE` prints.',
);

/** Absolute path of the container that names one place: without `..`, `//` or a trailing slash. */
export const absolutePath = rule(
  (text) =>
    posix.isAbsolute(text) &&
    text !== '/' &&
    posix.normalize(text) === text &&
    !text.endsWith('/') &&
    !text.includes('\0'),
  "is an absolute path without '.', '..' and doubled or trailing slashes",
  'Write the full path inside the container.',
);

/** Path of a file inside an archive. */
export const archivePath = rule(
  (text) =>
    text !== '' &&
    !posix.isAbsolute(text) &&
    posix.normalize(text) === text &&
    !text.startsWith('..') &&
    !text.endsWith('/'),
  "is a relative path without '.' and '..'",
  'Write the path as the archive lists it, for example model/model.onnx.',
);

/** Text of at least one character. */
export const text = rule((value) => value !== '', 'is not empty', 'Write it, or leave the key out.');

/** An http:// or https:// address. */
export const httpUrl = rule(
  (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).username === '',
  'is an http:// or https:// address without user name',
  'For example https://keys.example/jwks.json.',
);

/** `host:port`, an IPv6 address in brackets. */
export const hostAndPort = rule(
  (value) => /^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/.test(value) && portOf(value) > 0 && portOf(value) < 65_536,
  'is host:port',
  'For example redis.ml-serving:6379.',
);

/** A rule between the fields of an object that does not hold. */
export interface FieldViolation {
  readonly path: string;
  readonly rule: string;
  readonly fix: string;
}

/** Adds the rules that tie the fields of an object together. */
export function violationsOf<S extends z.ZodType>(fields: S, violations: (value: z.infer<S>) => FieldViolation[]): S {
  return fields.superRefine((value, context) => {
    for (const { path, rule: message, fix } of violations(value)) {
      context.addIssue({ code: 'custom', path: [path], message, params: { fix } });
    }
  });
}

function portOf(value: string): number {
  return Number(value.slice(value.lastIndexOf(':') + 1));
}

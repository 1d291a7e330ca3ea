import { posix } from 'node:path';
import { z } from 'zod';

// A timer of Node takes no more: setTimeout() fires at once above this.
const MAX_MILLISECONDS = 2 ** 31 - 1;
const MAX_NAME = 128;
const SAFE_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** A text that must hold a rule; `fix` is told with it when it does not. */
export function rule(holds: (text: string) => boolean, message: string, fix: string) {
  return z.string().refine(holds, { message, params: { fix } });
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

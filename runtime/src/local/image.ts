import { posix } from 'node:path';
import { COMMAND, DEFAULT_IMAGE, DEFAULT_PROXY_IMAGE } from '../contract';
import type { Container } from './schema';

/** The part of an image reference before tag and digest: `registry/path`. */
function repositoryOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}

/** The tag of an image reference. */
export function tagOf(image: string): string | undefined {
  return /:([^/:@]+)(?:@.*)?$/.exec(image)?.[1];
}

const RUNTIME = repositoryOf(DEFAULT_IMAGE);
const PROXY = repositoryOf(DEFAULT_PROXY_IMAGE);
const PROXY_PROGRAM = 'envoy';

/**
 * Arguments of `model-serving` that a container runs.
 *
 * Only this runtime can be run as a process: a container either calls it by name, or leaves the program to the entry
 * point of an image that is known to be the runtime's.
 *
 * @param runtimeImages further repositories that hold the runtime's image
 * @returns `undefined` when the container runs something else
 */
export function runtimeArguments(
  { command, args, image }: Container,
  runtimeImages: readonly string[],
): string[] | undefined {
  if (command !== undefined && command.length > 0) {
    const [program, ...rest] = command;
    return program === COMMAND ? [...rest, ...args] : undefined;
  }
  return [RUNTIME, ...runtimeImages].includes(repositoryOf(image)) ? args : undefined;
}

/**
 * Arguments of Envoy that a container runs.
 *
 * @param proxyImages further repositories that hold Envoy's image
 * @returns `undefined` when the container runs something else
 */
export function proxyArguments(
  { command, args, image }: Container,
  proxyImages: readonly string[],
): string[] | undefined {
  if (command !== undefined && command.length > 0) {
    const [program = '', ...rest] = command;
    return posix.basename(program) === PROXY_PROGRAM ? [...rest, ...args] : undefined;
  }
  return [PROXY, ...proxyImages].includes(repositoryOf(image)) ? args : undefined;
}

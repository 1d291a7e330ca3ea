import { createHash } from 'node:crypto';

/** A program that the Redis server runs: nothing else happens meanwhile. */
export interface Script {
  readonly source: string;

  /** SHA-1 of the source, by which it is called. */
  readonly sha1: string;
}

/** A script of this text. */
export function redisScript(text: string): Script {
  const source = text.trim();
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}

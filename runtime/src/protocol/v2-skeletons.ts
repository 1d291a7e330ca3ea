import { type DirectDatatype, type DirectTensor, readDirectly } from './direct-tensor';
import type { JsonObject } from './json-body';

/** So many forms of bodies are remembered, up to this size. */
const MOST_KNOWN = 4;
const MOST_BYTES = 4096;

/** A body apart from its only list of numbers. */
interface Skeleton {
  readonly prefix: Buffer;
  readonly suffix: Buffer;

  /** Position in `inputs` of the input with the list, and the datatype of its elements. */
  readonly position: number;
  readonly datatype: DirectDatatype;

  /** The body with a placeholder instead of the list, parsed. */
  readonly parsed: JsonObject;
}

/** A body whose skeleton was known. */
export interface KnownBody {
  readonly parsed: JsonObject;
  readonly position: number;
  readonly list: DirectTensor;
}

/**
 * Remembers bodies apart from their numbers. Clients send the same names, shapes and parameters again and again; when all
 * of it is the same byte by byte, only the numbers have to be read.
 */
export class Skeletons {
  private readonly known: Skeleton[] = [];
  private learned = 0;
  private misses = 0;

  /** @param maxRank deepest nesting of a list */
  constructor(private readonly maxRank: number) {}

  /** Reads a body whose skeleton is known; undefined when it is not. */
  read(body: Buffer): KnownBody | undefined {
    for (const { prefix, suffix, position, datatype, parsed } of this.known) {
      if (hasAt(body, prefix, 0)) {
        const list = readDirectly(body, prefix.length, datatype);
        const isWhole = list !== undefined && body.length === list.end + suffix.length && hasAt(body, suffix, list.end);
        if (isWhole && list.shape.length <= this.maxRank) {
          return { parsed, position, list };
        }
      }
    }
    this.misses += 1;
    return undefined;
  }

  /** Whether it is worth the time to learn from the body that was not known; ever more seldom while nothing comes back. */
  get isWorthLearning(): boolean {
    return (this.misses & (this.misses - 1)) === 0;
  }

  /**
   * Remembers a body, in place of the one that was learned first.
   *
   * @param start where its only list begins
   * @param end behind its list
   */
  learn(body: Buffer, start: number, end: number, rest: Pick<Skeleton, 'position' | 'datatype' | 'parsed'>): void {
    if (start + body.length - end <= MOST_BYTES) {
      const [prefix, suffix] = [body.subarray(0, start), body.subarray(end)].map((part) => Buffer.from(part));
      this.known[this.learned % MOST_KNOWN] = { prefix, suffix, ...rest };
      this.learned += 1;
    }
  }
}

function hasAt(body: Buffer, part: Buffer, at: number): boolean {
  for (let index = 0; index < part.length; index += 1) {
    if (body[at + index] !== part[index]) {
      return false;
    }
  }
  return true;
}

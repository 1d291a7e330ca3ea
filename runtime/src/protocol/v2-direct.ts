import type { TensorSpec } from '../model';
import { type DirectTensor, isDirect, readDirectly } from './direct-tensor';
import { skipSpace } from './number-list';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Lists and objects around the data of an input. */
export const DEPTH_OF_DATA = 3;

/** Stands for the data in the body that is left. */
const PLACEHOLDER = Buffer.from('0');

/** A V2 body whose numbers were read straight from its bytes. */
export interface DirectBody {
  /** The body with a 0 in place of each list that was read. It is valid JSON exactly when the whole body is. */
  readonly rest: Buffer;

  /** The lists, by the position of their input in `inputs`. */
  readonly lists: readonly (DirectTensor | undefined)[];

  /** Where the lists are in the body. */
  readonly spans: readonly Span[];
}

/** A list in a body: where it begins, and the position behind it. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Thrown inside this file where the general way has to decide. A constant: it needs no stack. */
const UNDECIDED = Symbol('undecided');

/**
 * Reads the numbers of a V2 body, as far as they are plain lists.
 *
 * It walks through the body and trusts its form; what is left is parsed afterwards, which shows whether the form was
 * right.
 *
 * @param maxDepth deepest nesting of lists and objects
 * @returns undefined when there is nothing to read in this way: the general way reads the body
 */
export function readV2Directly(
  body: Buffer,
  specOf: (name: string | undefined) => TensorSpec | undefined,
  maxDepth: number,
): DirectBody | undefined {
  const walk = new Walk(body, specOf, maxDepth - DEPTH_OF_DATA);
  try {
    walk.body();
  } catch (error) {
    if (error === UNDECIDED) {
      return undefined;
    }
    throw error;
  }
  return walk.spans.length === 0
    ? undefined
    : { rest: Buffer.concat(walk.pieces()), lists: walk.lists, spans: walk.spans };
}

/** One way through a body. Keys that matter must be written without escapes and only once: the last one would count. */
class Walk {
  readonly lists: (DirectTensor | undefined)[] = [];
  readonly spans: Span[] = [];
  private at = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly specOf: (name: string | undefined) => TensorSpec | undefined,
    private readonly maxRank: number,
  ) {}

  body(): void {
    const seen = new Set<string>();
    this.object((key) => {
      if (key === 'inputs') {
        once(seen, key);
        this.inputs();
      } else {
        this.skipValue();
      }
    });
  }

  /** The body without the lists. */
  pieces(): Buffer[] {
    const pieces: Buffer[] = [];
    let from = 0;
    for (const { start, end } of this.spans) {
      pieces.push(this.bytes.subarray(from, start), PLACEHOLDER);
      from = end;
    }
    return [...pieces, this.bytes.subarray(from)];
  }

  private inputs(): void {
    this.expect(OPEN_LIST);
    for (let position = 0; ; position += 1) {
      this.input(position);
      if (!this.continues(CLOSE_LIST)) {
        return;
      }
    }
  }

  private input(position: number): void {
    const seen = new Set<string>();
    let name: string | undefined;
    this.object((key) => {
      if (key === 'name') {
        once(seen, key);
        name = this.text();
      } else if (key === 'data') {
        once(seen, key);
        this.data(position, name);
      } else {
        this.skipValue();
      }
    });
  }

  private data(position: number, name: string | undefined): void {
    const spec = this.specOf(name);
    if (spec === undefined || !isDirect(spec.datatype)) {
      this.skipValue();
      return;
    }
    const start = skipSpace(this.bytes, this.at);
    const list = readDirectly(this.bytes, start, spec.datatype);
    if (list === undefined || list.shape.length > this.maxRank) {
      throw UNDECIDED;
    }
    this.lists[position] = list;
    this.spans.push({ start, end: list.end });
    this.at = list.end;
  }

  /** @param value reads the value of a key */
  private object(value: (key: string) => void): void {
    this.expect(OPEN_OBJECT);
    do {
      const key = this.text();
      this.expect(COLON);
      value(key);
    } while (this.continues(CLOSE_OBJECT));
  }

  /** A text without escapes. */
  private text(): string {
    this.expect(QUOTE);
    const start = this.at;
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte === BACKSLASH || byte === undefined) {
        throw UNDECIDED;
      }
      this.at += 1;
      if (byte === QUOTE) {
        return this.bytes.toString('utf8', start, this.at - 1);
      }
    }
  }

  /** Goes on behind any value, and before the comma or bracket that follows it. */
  private skipValue(): void {
    let depth = 0;
    for (; this.at < this.bytes.length; this.at += 1) {
      const byte = this.bytes[this.at];
      if (byte === QUOTE) {
        this.skipText();
      } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
        depth += 1;
      } else if (depth === 0 && (byte === COMMA || byte === CLOSE_LIST || byte === CLOSE_OBJECT)) {
        return;
      } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
        depth -= 1;
      }
    }
    throw UNDECIDED;
  }

  /** Goes from the first quote of a text to its last. */
  private skipText(): void {
    for (this.at += 1; this.bytes[this.at] !== QUOTE; this.at += 1) {
      if (this.bytes[this.at] === BACKSLASH) {
        this.at += 1;
      } else if (this.at >= this.bytes.length) {
        throw UNDECIDED;
      }
    }
  }

  /** Whether a comma follows; else it must be the bracket. */
  private continues(close: number): boolean {
    this.at = skipSpace(this.bytes, this.at);
    if (this.bytes[this.at] === COMMA) {
      this.at += 1;
      return true;
    }
    this.expect(close);
    return false;
  }

  private expect(byte: number): void {
    this.at = skipSpace(this.bytes, this.at);
    if (this.bytes[this.at] !== byte) {
      throw UNDECIDED;
    }
    this.at += 1;
  }
}

function once(seen: Set<string>, key: string): void {
  if (seen.has(key)) {
    throw UNDECIDED;
  }
  seen.add(key);
}

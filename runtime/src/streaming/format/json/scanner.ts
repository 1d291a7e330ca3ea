import { isUtf8 } from 'node:buffer';
import type { TensorData } from '../../../model';
import { DecimalReader, skipSpace } from '../../../protocol';
import type { InputField } from '../input-field';
import { ELEMENT_WRITERS, type ElementWriter } from './element-writer';
import type { ScanMember, ScanNode, ScanPlan } from './scan-plan';
import { endOfPlainText, endOfValue, NULL, standsAt } from './skip-value';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;
const LOWER_N = 0x6e;

/** So many members of an object are remembered; those behind them are looked up. */
const MOST_REMEMBERED = 256;
const LONGEST_REMEMBERED = 128;

/**
 * Writes the elements of a row straight from the bytes of JSON: the same as from the parsed text, without the values
 * between.
 *
 * Whatever is unusual is left to the parser: names of members that matter with escapes or twice, lists where objects are
 * expected, numbers outside the range, and all that is no JSON.
 */
export class Scanner {
  /** Begin and end of each value that is carried, for each row; negative = the row has none. */
  spans = new Int32Array(0);

  private readonly decimals = new DecimalReader();
  private readonly writers: readonly ElementWriter[];
  private readonly written: Float64Array;

  /** Elements and lists of a row. */
  private readonly expected: number;
  private data: readonly TensorData[] = [];
  private bytes: Buffer = Buffer.alloc(0);
  private row = -1;
  private scan = 0;
  private count = 0;

  constructor(
    private readonly plan: ScanPlan,
    private readonly fields: readonly InputField[],
  ) {
    this.writers = plan.targets.map(({ input }) => ELEMENT_WRITERS[fields[input].spec.datatype]);
    this.written = new Float64Array(plan.targets.length);
    this.expected = plan.targets.length + plan.lists;
  }

  /** The rows that follow are written here. */
  begin(data: readonly TensorData[], rows: number): void {
    this.data = data;
    this.row = -1;
    this.spans = new Int32Array(2 * rows * this.plan.spanCount).fill(-1);
  }

  /**
   * Writes one row.
   *
   * @returns false when the parser has to decide
   */
  read(bytes: Buffer, row: number): boolean {
    if (row === this.row) {
      this.forget(row); // the last event of this row was refused
    }
    this.bytes = bytes;
    this.row = row;
    this.count = 0;
    this.scan += 1; // marks of the last time count no more
    const end = this.value(this.plan.root, skipSpace(bytes, 0));
    return (
      end >= 0 &&
      skipSpace(bytes, end) === bytes.length &&
      (this.count === this.expected || this.fillMissing()) &&
      isUtf8(bytes)
    );
  }

  /** Forgets what is carried of a row that was not read. */
  forget(row: number): void {
    const { spanCount } = this.plan;
    this.spans.fill(-1, 2 * row * spanCount, 2 * (row + 1) * spanCount);
  }

  /** @returns position behind the value; negative = undecided, here and below */
  private value(node: ScanNode, start: number): number {
    const end = this.content(node, start);
    if (node.carried >= 0 && end >= 0) {
      const at = 2 * (this.row * this.plan.spanCount + node.carried);
      this.spans[at] = start;
      this.spans[at + 1] = end;
    }
    return end;
  }

  private content(node: ScanNode, start: number): number {
    const { bytes, row } = this;
    if (node.target >= 0) {
      if (bytes[start] === LOWER_N) {
        return standsAt(bytes, start, NULL) ? start + NULL.length : -1;
      }
      const { input, element } = this.plan.targets[node.target];
      this.written[node.target] = this.scan;
      this.count += 1;
      return this.writers[node.target](bytes, start, this.data[input], row * this.fields[input].width + element);
    }
    if (node.list >= 0) {
      return this.elements(node.list, start);
    }
    if (node.children !== undefined) {
      return bytes[start] === OPEN_OBJECT ? this.members(node, start + 1) : -1;
    }
    return endOfValue(bytes, start, this.decimals);
  }

  private members(node: ScanNode, start: number): number {
    const { bytes } = this;
    let at = skipSpace(bytes, start);
    if (bytes[at] === CLOSE_OBJECT) {
      return at + 1;
    }
    for (let position = 0; ; position += 1) {
      let member: ScanMember | undefined = node.order[position];
      if (member === undefined || !standsAt(bytes, at, member.name)) {
        member = this.find(node, at);
        if (member === undefined) {
          return -1;
        }
        if (position < MOST_REMEMBERED && member.name.length <= LONGEST_REMEMBERED) {
          node.order[position] = member;
        }
      }
      at += member.name.length;
      let byte = bytes[at];
      if (byte <= SPACE) {
        at = skipSpace(bytes, at);
        byte = bytes[at];
      }
      if (byte !== COLON) {
        return -1;
      }
      at += 1;
      if (bytes[at] <= SPACE) {
        at = skipSpace(bytes, at);
      }
      const inner = member.node;
      if (inner === undefined) {
        at = endOfValue(bytes, at, this.decimals, 1);
      } else if (inner.seen === this.scan) {
        return -1; // the last of two would count
      } else {
        inner.seen = this.scan;
        at = this.value(inner, at);
      }
      if (at < 0) {
        return -1;
      }
      byte = bytes[at];
      if (byte <= SPACE) {
        at = skipSpace(bytes, at);
        byte = bytes[at];
      }
      at += 1;
      if (byte !== COMMA) {
        return byte === CLOSE_OBJECT ? at : -1;
      }
      if (bytes[at] <= SPACE) {
        at = skipSpace(bytes, at);
      }
    }
  }

  /** The member whose name begins at a position; undefined when it has escapes, or there is none. */
  private find({ children }: ScanNode, start: number): ScanMember | undefined {
    const { bytes } = this;
    const end = bytes[start] === QUOTE ? endOfPlainText(bytes, start) : -1;
    if (end < 0) {
      return undefined;
    }
    const name = bytes.toString('utf8', start + 1, end - 1);
    return { name: Buffer.from(bytes.subarray(start, end)), node: children?.get(name) };
  }

  private elements(input: number, start: number): number {
    const { bytes } = this;
    const { width, spec } = this.fields[input];
    const data = this.data[input];
    const write = ELEMENT_WRITERS[spec.datatype];
    if (bytes[start] !== OPEN_LIST) {
      return -1;
    }
    let at = skipSpace(bytes, start + 1);
    const first = this.row * width;
    for (let element = 0; element < width; element += 1) {
      at = write(bytes, at, data, first + element);
      if (at < 0) {
        return -1;
      }
      let byte = bytes[at];
      if (byte <= SPACE) {
        at = skipSpace(bytes, at);
        byte = bytes[at];
      }
      at += 1;
      if (byte !== COMMA) {
        this.count += 1;
        return byte === CLOSE_LIST && element === width - 1 ? at : -1;
      }
      if (bytes[at] <= SPACE) {
        at = skipSpace(bytes, at);
      }
    }
    return -1;
  }

  /** Elements that are absent get what is declared for them; false when nothing is. */
  private fillMissing(): boolean {
    const { targets } = this.plan;
    for (let target = 0; target < targets.length; target += 1) {
      if (this.written[target] === this.scan) {
        continue;
      }
      const { input, element } = targets[target];
      const { missing, width } = this.fields[input];
      if (missing === undefined) {
        return false;
      }
      this.data[input][this.row * width + element] = missing[0];
      this.count += 1;
    }
    return this.count === this.expected;
  }
}

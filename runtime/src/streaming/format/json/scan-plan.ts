import type { InputField } from '../input-field';
import type { JsonPointer } from '../json-pointer';

/** Where one element of a row comes from. */
export interface ScanTarget {
  /** Position of the input. */
  readonly input: number;

  /** Position among the elements of a row. */
  readonly element: number;
}

/** A value that is looked at, in the tree of those that the pointers name. */
export interface ScanNode {
  /** Members that matter. Absent = it is no object, or none of it matters. */
  children?: Map<string, ScanNode>;

  /** Position of the element among all of a row, when the value is one. */
  target: number;

  /** Position of the input, when the value is the list of all its elements. */
  list: number;

  /** Position of the first span of the value; negative = it is not carried. */
  carried: number;

  /** The event in which the member was met last. */
  seen: number;

  /** Members in the order in which the last events had them. */
  readonly order: ScanMember[];
}

/** A member of an object, as the last events had it. */
export interface ScanMember {
  /** Its name with both quotes. */
  readonly name: Buffer;

  /** Absent = its value does not matter. */
  readonly node: ScanNode | undefined;
}

/** What a scanner looks for. */
export interface ScanPlan {
  readonly root: ScanNode;
  readonly targets: readonly ScanTarget[];

  /** Number of inputs whose elements are a list. */
  readonly lists: number;

  /** For each value that is carried the position of its span: two pointers to the same value share one. */
  readonly spans: readonly number[];

  /** Number of spans. */
  readonly spanCount: number;
}

/**
 * Plans how the elements of a row are found in one way through the text.
 *
 * @param inside names that lead to what the pointers are relative to
 * @returns undefined when the pointers ask for more than a scanner does: the general way reads the events
 */
export function planScan(
  fields: readonly InputField[],
  carried: readonly JsonPointer[],
  inside: readonly string[],
  outer: readonly JsonPointer[],
): ScanPlan | undefined {
  const root = newNode();
  const targets: ScanTarget[] = [];
  let lists = 0;
  for (let input = 0; input < fields.length; input += 1) {
    const { pointers, width } = fields[input];
    for (let element = 0; element < pointers.length; element += 1) {
      const node = nodeAt(root, [...inside, ...pointers[element].tokens]);
      if (node.target >= 0 || node.list >= 0) {
        return undefined;
      }
      if (pointers.length === 1 && width !== 1) {
        node.list = input;
        lists += 1;
      } else {
        node.target = targets.length;
        targets.push({ input, element });
      }
    }
  }
  let spanCount = 0;
  const spans = [...carried.map(({ tokens }) => [...inside, ...tokens]), ...outer.map(({ tokens }) => tokens)].map(
    (tokens) => {
      const node = nodeAt(root, tokens);
      if (node.carried < 0) {
        node.carried = spanCount;
        spanCount += 1;
      }
      return node.carried;
    },
  );
  return isPlain(root) ? { root, targets, lists, spans, spanCount } : undefined;
}

function newNode(): ScanNode {
  return { target: -1, list: -1, carried: -1, seen: 0, order: [] };
}

function nodeAt(root: ScanNode, tokens: readonly string[]): ScanNode {
  let node = root;
  for (const token of tokens) {
    node.children ??= new Map();
    let child = node.children.get(token);
    if (child === undefined) {
      child = newNode();
      node.children.set(token, child);
    }
    node = child;
  }
  return node;
}

/** What is an element has no members that matter. */
function isPlain({ children, target, list }: ScanNode): boolean {
  return children === undefined || (target < 0 && list < 0 && [...children.values()].every(isPlain));
}

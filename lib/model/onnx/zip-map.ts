import { fieldsOf, packedVarints, textOf } from './wire';

const NODE = { input: 1, output: 2, operator: 4, attribute: 5 };
const ATTRIBUTE = { integers: 8, strings: 9 };

/** A node that turns each row of class probabilities into a map from label to probability. */
export interface ZipMap {
  /** Name of the sequence of maps that it makes. */
  readonly output: string;

  /** Number of classes. */
  readonly classes: number;
}

/**
 * Reads a node if it is a ZipMap.
 *
 * @throws WireError when the node is damaged
 */
export function zipMapOf(node: Uint8Array): ZipMap | undefined {
  let operator = '';
  let output = '';
  let classes = 0;
  for (const { number, bytes } of fieldsOf(node)) {
    if (bytes === undefined) {
      continue;
    }
    if (number === NODE.operator) {
      operator = textOf(bytes);
    } else if (number === NODE.output) {
      output = textOf(bytes);
    } else if (number === NODE.attribute) {
      classes += labelsIn(bytes);
    }
  }
  return operator === 'ZipMap' ? { output, classes } : undefined;
}

/** Number of labels in `classlabels_int64s` or `classlabels_strings`; a ZipMap node has no other attributes. */
function labelsIn(attribute: Uint8Array): number {
  let count = 0;
  for (const { number, bytes } of fieldsOf(attribute)) {
    if (number === ATTRIBUTE.strings) {
      count += 1;
    } else if (number === ATTRIBUTE.integers) {
      count += bytes === undefined ? 1 : packedVarints(bytes).length;
    }
  }
  return count;
}

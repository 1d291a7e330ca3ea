/**
 * The value that a JSON pointer leads to; undefined when there is none.
 *
 * @see RFC 6901
 */
export function valueAt(document: unknown, pointer: string): unknown {
  return stepsOf(pointer).reduce<unknown>(
    (value, step) => (isContainer(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    document,
  );
}

/** Puts a value in the place of the one that a JSON pointer leads to. There must be one. */
export function setValueAt(document: unknown, pointer: string, value: unknown): void {
  const separator = pointer.lastIndexOf('/');
  const parent = valueAt(document, pointer.slice(0, separator));
  const [step = ''] = stepsOf(pointer.slice(separator));
  if (!isContainer(parent) || !Object.hasOwn(parent, step)) {
    throw new RangeError(`nothing is at ${pointer}`);
  }
  parent[step] = value;
}

function stepsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

import { DYNAMIC, elementCount, type TensorSpec } from '../model';
import { badRequest, counted, kindOf } from '../request-error';

/** Largest size of one dimension. */
const MAX_SIZE = 2 ** 31 - 1;

/** Largest size of a dimension of a tensor without elements: there nothing else bounds it. */
const MAX_SIZE_OF_EMPTY = 2 ** 16;

/** Sizes that the names of open dimensions got in a request. */
export type SymbolSizes = Map<string, { size: number; input: string }>;

/**
 * Checks the shape of an input against what the model says.
 *
 * @param sizes sizes of named dimensions so far; inputs that share a name must agree
 * @throws RequestError 400
 */
export function checkShape(shape: readonly number[], spec: TensorSpec, sizes: SymbolSizes): void {
  if (shape.length !== spec.shape.length && !(spec.flatRows === true && shape.length === 1)) {
    throw badRequest(
      `Input '${spec.name}' has ${counted(shape.length, 'dimension')}, but the model's shape ${written(spec)} has ${spec.shape.length}.`,
    );
  }
  for (let axis = 0; axis < shape.length; axis += 1) {
    const expected = spec.shape[axis];
    if (expected !== DYNAMIC && expected !== shape[axis]) {
      throw badRequest(
        `Input '${spec.name}': dimension ${axis} is ${shape[axis]}, but the model's shape is ${written(spec)}.`,
      );
    }
    const symbol = spec.symbols[axis];
    if (symbol !== undefined) {
      agree(symbol, shape[axis], spec.name, sizes);
    }
  }
  if (elementCount(shape) === 0 && shape.some((size) => size > MAX_SIZE_OF_EMPTY)) {
    throw badRequest(
      `Input '${spec.name}': a tensor without elements may have no dimension larger than ${MAX_SIZE_OF_EMPTY}.`,
    );
  }
}

/**
 * Checks that all inputs have the same number of rows, where the first dimension of every input is open.
 *
 * Dimensions with different names are different to the model, so nothing is checked between them.
 *
 * @param shapes one for each input, in the model's order
 * @throws RequestError 400
 */
export function checkRows(shapes: readonly (readonly number[])[], specs: readonly TensorSpec[]): void {
  if (specs.some(({ shape }) => shape[0] !== DYNAMIC) || new Set(specs.map(({ symbols }) => symbols[0])).size > 1) {
    return;
  }
  if (shapes.some(([rows]) => rows !== shapes[0][0])) {
    const counts = specs.map(({ name }, index) => `'${name}' has ${shapes[index][0]}`).join(', ');
    throw badRequest(`All inputs must have the same number of rows; input ${counts}.`);
  }
}

/**
 * Reads a shape of a request.
 *
 * @throws RequestError 400
 */
export function readShape(value: unknown, input: string, path: string): number[] {
  if (!Array.isArray(value)) {
    throw badRequest(`Input '${input}': ${path} must be a list of sizes; found ${kindOf(value)}.`);
  }
  for (const [axis, size] of value.entries()) {
    if (!Number.isInteger(size) || size < 0 || size > MAX_SIZE) {
      throw badRequest(
        `Input '${input}': ${path}[${axis}] must be an integer from 0 to ${MAX_SIZE}; found ${typeof size === 'number' ? size : kindOf(size)}.`,
      );
    }
  }
  return value;
}

/** A shape as the model declares it, for example `[-1, 4]`. */
export function written({ shape }: TensorSpec): string {
  return `[${shape.join(', ')}]`;
}

function agree(symbol: string, size: number, input: string, sizes: SymbolSizes): void {
  const known = sizes.get(symbol);
  if (known === undefined) {
    sizes.set(symbol, { size, input });
  } else if (known.size !== size) {
    throw badRequest(
      `Dimension '${symbol}' of the model is ${known.size} in input '${known.input}' and ${size} in input '${input}'; it must be the same.`,
    );
  }
}

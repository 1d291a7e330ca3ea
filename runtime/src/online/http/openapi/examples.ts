import { DYNAMIC, elementCount, type Signature, type Tensor, type TensorSpec } from '../../../model';
import { allText, isBinaryOnly } from '../../../protocol';

/** An example of more elements than this helps nobody. */
const MAX_ELEMENTS = 2048;

/** Bodies of requests that a model has answered, or that have the form of such. */
export interface Examples {
  readonly v1: unknown;

  /** Undefined when the model takes FP16 or BF16, which V2 has no JSON for. */
  readonly v2: unknown;
}

/** An input of an example: its shape, and its elements as JSON values. */
interface Example {
  readonly spec: TensorSpec;
  readonly shape: readonly number[];
  readonly elements: readonly unknown[];
}

/**
 * Makes examples of one row.
 *
 * @param signature what clients send
 * @param sample inputs that the model has evaluated, by name; zeros stand for others
 * @returns undefined when they would be too large
 */
export function examplesOf({ inputs }: Signature, sample: ReadonlyMap<string, Tensor>): Examples | undefined {
  const tensors = inputs.map((spec) => fitting(spec, sample.get(spec.name)));
  const sizes = inputs.map((spec, index) => shapeOf(spec, tensors[index]));
  if (sizes.reduce((sum, shape) => sum + elementCount(shape), 0) > MAX_ELEMENTS) {
    return undefined;
  }
  const examples = inputs.map((spec, index) => exampleOf(spec, sizes[index], tensors[index]));
  return {
    v1: v1Example(examples),
    v2: inputs.some(({ datatype }) => isBinaryOnly(datatype))
      ? undefined
      : {
          inputs: examples.map(({ spec: { name, datatype }, shape, elements }) => ({
            name,
            shape,
            datatype,
            data: elements,
          })),
        },
  };
}

function v1Example(examples: readonly Example[]): unknown {
  const values = examples.map(({ shape, elements }) => nested(shape, elements));
  const [only] = values;
  // One row: the value of an input is a list of one row.
  const byRow = examples.every(({ shape }) => shape[0] === 1);
  if (values.length === 1) {
    return byRow ? { instances: only } : { inputs: only };
  }
  const named = (value: (index: number) => unknown) =>
    Object.fromEntries(examples.map(({ spec }, index) => [spec.name, value(index)]));
  return byRow
    ? { instances: [named((index) => (values[index] as readonly unknown[])[0])] }
    : { inputs: named((index) => values[index]) };
}

function exampleOf(spec: TensorSpec, shape: readonly number[], tensor: Tensor | undefined): Example {
  const count = elementCount(shape);
  const elements =
    tensor === undefined
      ? new Array<unknown>(count).fill(spec.datatype === 'BYTES' ? 'text' : spec.datatype === 'BOOL' ? false : 0)
      : elementsOf({ ...tensor, shape, data: tensor.data.slice(0, count) });
  return { spec, shape, elements };
}

/** The sample of an input. What clients send may be narrower than what the model takes, when features are looked up. */
function fitting({ datatype, shape }: TensorSpec, tensor: Tensor | undefined): Tensor | undefined {
  const fits =
    tensor?.datatype === datatype &&
    tensor.shape.length === shape.length &&
    shape.every((size, axis) => size === DYNAMIC || size === tensor.shape[axis]);
  return fits ? tensor : undefined;
}

/** One row of the sample; where there is none, one for each open size. */
function shapeOf({ shape }: TensorSpec, tensor: Tensor | undefined): readonly number[] {
  const sizes = tensor?.shape ?? shape.map((size) => (size === DYNAMIC ? 1 : size));
  return shape[0] === DYNAMIC && sizes[0] > 1 ? [1, ...sizes.slice(1)] : sizes;
}

/** As answers write them; integers beyond 2^53 keep their digits. */
function elementsOf(tensor: Tensor): unknown[] {
  return JSON.parse(allText(tensor), keepDigits);
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  const raw = JSON as typeof JSON & { rawJSON(text: string): unknown };
  const inexact = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return inexact && context?.source !== undefined ? raw.rawJSON(context.source) : value;
}

function nested([size, ...rest]: readonly number[], elements: readonly unknown[]): unknown {
  if (size === undefined) {
    return elements[0];
  }
  const stride = elementCount(rest);
  return Array.from({ length: size }, (_, index) => nested(rest, elements.slice(index * stride, (index + 1) * stride)));
}

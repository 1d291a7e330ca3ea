import type { Datatype } from './datatype';

/** Size of a dimension that the model leaves open, as the Open Inference Protocol writes it. */
export const DYNAMIC = -1;

/** What a model says of one of its inputs or outputs. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;

  /** Size of each dimension; -1 = open. */
  readonly shape: readonly number[];

  /** Name of each open dimension, where the model gives one: the same name stands for the same size. */
  readonly symbols: readonly (string | undefined)[];

  /** Names of the columns of a class probability, when the model was exported with ZipMap. */
  readonly classLabels?: readonly string[];

  /** Whether a list of rows stands for rows of one element each: `[n]` for `[n, 1]`. */
  readonly flatRows?: boolean;
}

/** Inputs and outputs of a model, in the model's order. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** Whether the first dimension of every input and output is open: then it counts rows. */
export function hasOpenBatch({ inputs, outputs }: Signature): boolean {
  return inputs.length > 0 && [...inputs, ...outputs].every(({ shape }) => shape[0] === DYNAMIC);
}

/** Whether the first dimension of every input and output counts rows, open or all of the same fixed size. */
export function hasRows(signature: Signature): boolean {
  const sizes = [...signature.inputs, ...signature.outputs].map(({ shape }) => shape[0]);
  return signature.inputs.length > 0 && sizes[0] !== undefined && sizes.every((size) => size === sizes[0]);
}

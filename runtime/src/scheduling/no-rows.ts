import { DATATYPES, type Signature, type Tensor } from '../model';

/**
 * The outputs of a model for inputs without rows.
 *
 * Sizes that the model leaves open are those of the inputs' dimensions with the same name; one that no input has is 0.
 *
 * @param inputs one tensor an input, in the order of the signature
 */
export function outputsWithoutRows(signature: Signature, inputs: readonly Tensor[]): Tensor[] {
  const sizes = new Map<string | undefined, number>();
  signature.inputs.forEach(({ symbols }, index) => {
    for (const [dimension, size] of inputs[index].shape.entries()) {
      sizes.set(symbols[dimension], size);
    }
  });
  sizes.delete(undefined);
  return signature.outputs.map(({ datatype, shape, symbols }) => ({
    datatype,
    shape: shape.map((size, dimension) =>
      dimension === 0 ? 0 : size < 0 ? (sizes.get(symbols[dimension]) ?? 0) : size,
    ),
    data: DATATYPES[datatype].allocate(0),
  }));
}

import { DATATYPES, elementCount, type Tensor, type TensorData } from './datatype';

/** Number of rows of a tensor: the size of its first dimension. */
export function rowCount({ shape }: Tensor): number {
  return shape[0] ?? 1;
}

/** Some rows of a tensor, without a copy where that is possible. */
export function sliceRows(tensor: Tensor, from: number, count: number): Tensor {
  const tail = tensor.shape.slice(1);
  const stride = elementCount(tail);
  const data = tensor.data;
  const range = [from * stride, (from + count) * stride] as const;
  return {
    datatype: tensor.datatype,
    shape: [count, ...tail],
    data: Array.isArray(data) ? data.slice(...range) : data.subarray(...range),
  };
}

/** Tensors of one datatype and with the same dimensions but the first, one below the other. At least one. */
export function stackRows(tensors: readonly Tensor[]): Tensor {
  const [{ datatype, shape }] = tensors;
  let rows = 0;
  let elements = 0;
  for (const tensor of tensors) {
    rows += rowCount(tensor);
    elements += tensor.data.length;
  }
  const stacked = DATATYPES[datatype].allocate(elements);
  let offset = 0;
  for (const { data } of tensors) {
    put(stacked, data, offset);
    offset += data.length;
  }
  return { datatype, shape: [rows, ...shape.slice(1)], data: stacked };
}

function put(target: TensorData, data: TensorData, offset: number): void {
  if (Array.isArray(target)) {
    for (let index = 0; index < data.length; index += 1) {
      target[offset + index] = data[index] as string;
    }
  } else {
    // Both come from the same datatype, so both are the same kind of array.
    (target as Float32Array).set(data as Float32Array, offset);
  }
}

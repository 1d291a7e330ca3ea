import type { TensorMetadata } from './signature';

/** Number of elements that a tensor has for one row; `undefined` where the request decides it. */
export function rowWidth({ shape }: TensorMetadata): number | undefined {
  const sizes = shape.slice(1);
  return sizes.some((size) => size < 0) ? undefined : sizes.reduce((product, size) => product * size, 1);
}

// Worker threads load this file: it imports as little as it can.
import { Tensor as EngineTensor } from 'onnxruntime-node';
import { bfloat16OfFloat32, float32OfBfloat16 } from './bfloat16';
import { DATATYPES, type Tensor, type TensorData } from './datatype';
import type { TensorSpec } from './signature';

/** A tensor as the engine takes it. Its memory is the tensor's own, where the engine has the datatype. */
export function toEngine({ datatype, shape, data }: Tensor): EngineTensor {
  const { engineType } = DATATYPES[datatype];
  if (engineType === undefined) {
    return new EngineTensor('float32', float32OfBfloat16(data as Uint16Array), shape);
  }
  const tensor = new EngineTensor(engineType, data, shape);
  if (datatype === 'FP16') {
    // Where the platform has half floats the tensor shows them, but the engine's native part reads 16-bit integers only.
    Object.defineProperty(tensor, 'data', { value: data });
  }
  return tensor;
}

/** A tensor of the engine as clients get it. */
export function fromEngine(tensor: EngineTensor, { datatype }: TensorSpec): Tensor {
  const { data, dims: shape } = tensor;
  if (datatype === 'BF16') {
    return { datatype, shape, data: bfloat16OfFloat32(data as Float32Array) };
  }
  if (datatype === 'FP16' && !Array.isArray(data)) {
    // Where the platform has half floats the engine answers them; here FP16 is its bits.
    return { datatype, shape, data: new Uint16Array(data.buffer, data.byteOffset, data.length) };
  }
  return { datatype, shape, data: data as TensorData };
}

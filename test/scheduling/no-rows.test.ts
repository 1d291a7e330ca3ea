import type { Signature, Tensor } from '../../runtime/src/model';
import { outputsWithoutRows } from '../../runtime/src/scheduling/no-rows';

const FP32 = 'FP32' as const;

describe('the outputs for inputs without rows', () => {
  it('have the sizes that follow from the inputs, by the names of the dimensions', () => {
    const signature: Signature = {
      inputs: [
        { name: 'a', datatype: FP32, shape: [-1, -1, 3], symbols: ['N', 'K', undefined] },
        { name: 'b', datatype: FP32, shape: [-1, -1], symbols: ['N', undefined] },
      ],
      outputs: [
        { name: 'x', datatype: FP32, shape: [-1, 3, -1], symbols: ['N', undefined, 'K'] },
        { name: 'y', datatype: 'BYTES', shape: [-1], symbols: ['N'] },
        { name: 'z', datatype: FP32, shape: [-1, -1, -1], symbols: ['N', 'other', undefined] },
      ],
    };
    const inputs: Tensor[] = [
      { datatype: FP32, shape: [0, 5, 3], data: new Float32Array() },
      { datatype: FP32, shape: [0, 7], data: new Float32Array() },
    ];
    expect(outputsWithoutRows(signature, inputs)).toEqual([
      { datatype: FP32, shape: [0, 3, 5], data: new Float32Array() },
      { datatype: 'BYTES', shape: [0], data: [] },
      { datatype: FP32, shape: [0, 0, 0], data: new Float32Array() },
    ]);
  });
});

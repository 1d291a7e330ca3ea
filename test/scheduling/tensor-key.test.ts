import fc from 'fast-check';
import type { Tensor } from '../../runtime/src/model';
import { tensorKey } from '../../runtime/src/scheduling';

const texts = fc
  .array(fc.string({ maxLength: 3 }), { maxLength: 4 })
  .map((data): Tensor => ({ datatype: 'BYTES', shape: [data.length], data }));
const bytes = fc
  .array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 })
  .map((data): Tensor => ({ datatype: 'UINT8', shape: [data.length], data: Uint8Array.from(data) }));
const inputs = fc.array(fc.oneof(texts, bytes), { maxLength: 3 });

function asText(tensors: readonly Tensor[]): string {
  return JSON.stringify(tensors.map(({ datatype, shape, data }) => [datatype, shape, Array.from<unknown>(data)]));
}

test('equal inputs have the same key, others have another', () => {
  fc.assert(
    fc.property(inputs, inputs, (a, b) => (tensorKey(a) === tensorKey(b)) === (asText(a) === asText(b))),
    {
      numRuns: 2000,
    },
  );
});

test('large inputs have short keys', () => {
  const large = (last: number): Tensor[] => {
    const data = new Float32Array(100_000);
    data[99_999] = last;
    return [{ datatype: 'FP32', shape: [100_000], data }];
  };
  expect(tensorKey(large(0))).toHaveLength(44);
  expect(tensorKey(large(0))).toBe(tensorKey(large(0)));
  expect(tensorKey(large(1))).not.toBe(tensorKey(large(0)));
});

test('a part of a buffer is named by its own bytes', () => {
  const data = Float32Array.of(1, 2, 3, 4);
  const part: Tensor = { datatype: 'FP32', shape: [2], data: data.subarray(1, 3) };
  expect(tensorKey([part])).toBe(tensorKey([{ datatype: 'FP32', shape: [2], data: Float32Array.of(2, 3) }]));
});

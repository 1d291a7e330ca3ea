import type { Signature } from '../../runtime/src/model';
import { V1Codec, V2Codec } from '../../runtime/src/protocol';

const MIB = 1024 * 1024;
const LIMITS = { jsonDepth: 16, elements: 100, responseBytes: MIB };
const ROWS = 400_000;

describe('answers that are too large', () => {
  const input = { name: 'x', datatype: 'FP32' as const, shape: [1], symbols: [] };
  const signature: Signature = {
    inputs: [input],
    outputs: [{ name: 'y', datatype: 'FP64', shape: [-1, 2], symbols: [] }],
  };
  const outputs = [
    { datatype: 'FP64' as const, shape: [ROWS, 2], data: new Float64Array(ROWS * 2).fill(0.1234567891) },
  ];
  const v2 = (parameters: object) =>
    Buffer.from(JSON.stringify({ parameters, inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] }));

  it.each([
    ['V1', new V1Codec(signature, 'm', LIMITS).decode(Buffer.from('{"instances":[1]}'))],
    ['V2', new V2Codec(signature, 'm', '1', LIMITS).decode(v2({}), {})],
    ['V2, binary', new V2Codec(signature, 'm', '1', LIMITS).decode(v2({ binary_data_output: true }), {})],
  ])('are given up: %s', (_what, prediction) => {
    expect(() => prediction.answer(outputs, undefined)).toThrow(/1048576 bytes \(server\.limits\.maxResponseBytes\)/);
    const small = [{ ...outputs[0], shape: [2, 2], data: outputs[0].data.subarray(0, 4) }];
    expect(() => prediction.answer(small, undefined)).not.toThrow();
  });

  it('are given up long before a text reaches its largest length', () => {
    const shape = [1, 100, ROWS];
    const data = new Uint8Array(100 * ROWS);
    const wide: Signature = { inputs: [input], outputs: [{ name: 'y', datatype: 'UINT8', shape, symbols: [] }] };
    const { answer } = new V1Codec(wide, 'm', LIMITS).decode(Buffer.from('{"instances":[1]}'));
    const before = process.memoryUsage().heapUsed;
    expect(() => answer([{ datatype: 'UINT8', shape, data }], undefined)).toThrow('maxResponseBytes');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * MIB);
  });
});

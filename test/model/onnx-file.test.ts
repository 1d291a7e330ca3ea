import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { bytesSource, withFileSource } from '../../runtime/src/model/byte-source';
import { type OnnxFile, readOnnx } from '../../runtime/src/model/onnx-file';
import { delimitedField, numberField, WireError } from '../../runtime/src/model/wire';
import { attribute, buildOnnx, type NodeOptions } from '../support/onnx-builder';
import { MODELS } from '../support/predictor';

const NODE: NodeOptions = { type: 'Identity', inputs: ['x'], outputs: ['y'] };
const model = (changes: { nodes?: NodeOptions[]; extra?: Buffer[] } = {}) =>
  buildOnnx({
    inputs: [{ name: 'x', shape: ['N', 4] }],
    outputs: [{ name: 'y', shape: ['N', 4] }],
    nodes: [NODE],
    ...changes,
  });
const read = (bytes: Uint8Array): OnnxFile | undefined => readOnnx(bytesSource(bytes));

const EXTERNAL_TENSOR = Buffer.concat([numberField(14, 1), delimitedField(8, 'weights')]);
const INNER_TENSOR = Buffer.concat([delimitedField(9, 'raw data'), delimitedField(8, 'weights')]);
const graphWith = (tensor: Buffer) => delimitedField(5, tensor);

describe('readOnnx', () => {
  it('reads versions, outputs and where the graph is', () => {
    const bytes = model();
    const file = read(bytes);
    expect(file).toMatchObject({ irVersion: 8, externalData: false, zipMaps: [] });
    expect([...(file?.opsets ?? [])]).toEqual([['', 17]]);
    expect([...(file?.outputs.keys() ?? [])]).toEqual(['y']);
    expect(bytes.subarray(file?.graph.contents).includes('Identity')).toBe(true);
  });

  it('reads ZipMap nodes that make an output', () => {
    for (const [name, labels] of [
      ['iris-zipmap', ['0', '1', '2']],
      ['iris-zipmap-strings', ['setosa', 'versicolor', 'virginica']],
    ] as const) {
      const file = withFileSource(join(MODELS, `${name}.onnx`), readOnnx);
      expect(file?.zipMaps).toEqual([
        { node: expect.anything(), input: 'probabilities', output: 'output_probability', labels },
      ]);
    }
  });

  it('leaves a ZipMap alone that makes no output', () => {
    expect(read(model({ nodes: [NODE, { type: 'ZipMap', inputs: ['y'], outputs: ['inner'] }] }))?.zipMaps).toEqual([]);
  });

  it.each([
    ['an initializer', { extra: [graphWith(EXTERNAL_TENSOR)] }],
    ['an initializer with entries of external data alone', { extra: [graphWith(delimitedField(13, 'x'))] }],
    ['a sparse initializer', { extra: [delimitedField(15, delimitedField(1, EXTERNAL_TENSOR))] }],
    [
      'an attribute',
      { nodes: [{ ...NODE, attributes: [attribute('value', 4, [delimitedField(5, EXTERNAL_TENSOR)])] }] },
    ],
    [
      'a list in an attribute',
      { nodes: [{ ...NODE, attributes: [attribute('value', 9, [delimitedField(10, EXTERNAL_TENSOR)])] }] },
    ],
    [
      'a graph in an attribute',
      { nodes: [{ ...NODE, attributes: [attribute('body', 5, [delimitedField(6, graphWith(EXTERNAL_TENSOR))])] }] },
    ],
    [
      'a list of graphs in an attribute',
      { nodes: [{ ...NODE, attributes: [attribute('body', 10, [delimitedField(11, graphWith(EXTERNAL_TENSOR))])] }] },
    ],
  ])('finds external data in %s', (_where, changes) => {
    expect(read(model(changes))?.externalData).toBe(true);
  });

  it('finds external data in functions and in training information', () => {
    const node = delimitedField(5, delimitedField(5, EXTERNAL_TENSOR));
    expect(read(Buffer.concat([model(), delimitedField(25, delimitedField(7, node))]))?.externalData).toBe(true);
    expect(
      read(Buffer.concat([model(), delimitedField(20, delimitedField(1, graphWith(EXTERNAL_TENSOR)))]))?.externalData,
    ).toBe(true);
  });

  it('sees no external data in data of its own', () => {
    expect(read(model({ extra: [graphWith(INNER_TENSOR)] }))?.externalData).toBe(false);
    const file = withFileSource(join(MODELS, 'external-data.onnx'), readOnnx);
    expect(file?.externalData).toBe(true);
  });

  it('takes graphs nested too deep for such that hide something', () => {
    let graph = graphWith(INNER_TENSOR);
    for (let depth = 0; depth < 40; depth += 1) {
      graph = delimitedField(1, delimitedField(5, delimitedField(6, graph)));
    }
    expect(read(model({ extra: [graph] }))?.externalData).toBe(true);
  });

  it('finds no graph in a file without', () => {
    expect(read(numberField(1, 8))).toBeUndefined();
    expect(read(Buffer.alloc(0))).toBeUndefined();
  });

  it('reads any bytes without other errors than its own', () => {
    const original = readFileSync(join(MODELS, 'iris-zipmap.onnx'));
    const mutated = fc
      .array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
      .map((changes) => {
        const bytes = Buffer.from(original);
        for (const [position, value] of changes) {
          bytes[position] = value;
        }
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

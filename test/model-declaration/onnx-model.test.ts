import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { NotOnnxError, readOnnxModel } from '../../lib/model/onnx/onnx-model';
import { delimitedField, numberField } from '../../runtime/src/model/wire';
import { FIXTURES } from '../support/manifests';
import { buildOnnx, intsAttribute } from '../support/onnx-builder';

interface Tensor {
  readonly name: string;
  readonly datatype?: string;
  readonly shape?: number[];
  /** Type in onnxruntime's words, of what is no tensor. */
  readonly type?: string;
}

interface Expected {
  readonly load_error?: string;
  readonly inputs?: Tensor[];
  readonly outputs?: Tensor[];
}

const MODELS = join(FIXTURES, 'models');
const expected: Record<string, Expected> = JSON.parse(readFileSync(join(MODELS, 'expected.json'), 'utf8'));
const read = (name: string) => readOnnxModel(readFileSync(join(MODELS, name)));

/** Classes of the models whose probabilities are maps: the runtime serves a matrix in their place. */
const IRIS_CLASSES = 3;

describe('reads what onnxruntime reads', () => {
  const models = Object.entries(expected).filter(([, { load_error }]) => load_error === undefined);

  test.each(models)('%s', (name, { inputs = [], outputs = [] }) => {
    const tensor = ({ name: of, datatype, shape, type }: Tensor) =>
      type === undefined ? { name: of, datatype, shape } : { name: of, datatype: 'FP32', shape: [-1, IRIS_CLASSES] };
    const { signature, externalData } = read(name);
    expect(signature).toEqual({ inputs: inputs.map(tensor), outputs: outputs.map(tensor) });
    expect(externalData).toBe(false);
  });
});

test('reads versions', () => {
  const { irVersion, opsets } = read('iris-zipmap.onnx');
  expect(irVersion).toBeGreaterThanOrEqual(3);
  expect(opsets).toMatchObject({ 'ai.onnx.ml': expect.any(Number) });
  expect(read('mlp.onnx').opsets).toEqual({ 'ai.onnx': 17 });
});

describe('refuses what is no ONNX model', () => {
  test.each(['corrupted.onnx', 'truncated.onnx', 'empty.onnx'])('%s', (name) => {
    expect(() => read(name)).toThrow(NotOnnxError);
  });

  test.each(['mlp.onnx', 'iris-zipmap.onnx', 'mixed-columns.onnx'])('%s without its last byte', (name) => {
    const bytes = readFileSync(join(MODELS, name));
    expect(() => readOnnxModel(bytes.subarray(0, -1))).toThrow(NotOnnxError);
  });

  test.each([
    ['a text', Buffer.from('not a model, but a text')],
    ['a ZIP archive', Buffer.from('504b0304140000000800', 'hex')],
    ['a pickle', Buffer.from('80049503000000000000004b012e', 'hex')],
    ['a number of 11 bytes', Buffer.from(`08${'ff'.repeat(10)}01`, 'hex')],
    ['a length of 2^60', Buffer.from('3a808080808080808010', 'hex')],
    ['a text that ends early', Buffer.concat([readFileSync(join(MODELS, 'mlp.onnx')), Buffer.from('32056162', 'hex')])],
    ['a negative length', Buffer.from('3affffffffffffffffff01', 'hex')],
    ['a group', Buffer.from('0b', 'hex')],
    ['field number 0', Buffer.from('0000', 'hex')],
    ['a name that is not UTF-8', buildOnnx({ inputs: [], nodes: [], outputs: [], extra: [outputNamed('ff')] })],
    ['a graph without outputs', buildOnnx({ inputs: [], nodes: [], outputs: [] })],
    ['no operator set', buildOnnx({ inputs: [], nodes: [], outputs: [{ name: 'o', shape: [1] }], opsets: {} })],
  ])('%s', (_name, bytes) => {
    expect(() => readOnnxModel(bytes)).toThrow(NotOnnxError);
  });
});

describe('external data', () => {
  const TENSOR = 8;
  const outside = numberField(14, 1);
  const GRAPH_NODE = 1;
  const node = (attribute: Buffer) => delimitedField(GRAPH_NODE, delimitedField(5, attribute));
  const sparse = (tensor: Buffer) => delimitedField(1, tensor);
  const graph = (field: Buffer) => delimitedField(6, field);

  test('external-data.onnx', () => {
    expect(read('external-data.onnx').externalData).toBe(true);
  });

  test.each([
    ['a weight', delimitedField(5, outside)],
    ['a weight with a location', delimitedField(5, delimitedField(13, ''))],
    ['a sparse weight', delimitedField(15, sparse(outside))],
    ['an attribute', node(delimitedField(5, outside))],
    ['a list in an attribute', node(delimitedField(10, outside))],
    ['a sparse attribute', node(delimitedField(22, sparse(outside)))],
    ['a list of sparse attributes', node(delimitedField(23, sparse(outside)))],
    ['a graph inside a graph', node(graph(node(graph(delimitedField(5, outside)))))],
    ['a list of graphs', node(delimitedField(11, delimitedField(5, outside)))],
  ])('in %s', (_name, field) => {
    expect(readOnnxModel(withGraphField(field)).externalData).toBe(true);
  });

  test.each([
    ['a function', delimitedField(25, delimitedField(7, delimitedField(5, delimitedField(5, outside))))],
    ['an attribute of a function', delimitedField(25, delimitedField(11, delimitedField(5, outside)))],
    ['training', delimitedField(20, delimitedField(1, delimitedField(5, outside)))],
    ['a second graph', delimitedField(7, delimitedField(5, outside))],
  ])('in %s', (_name, field) => {
    const [first] = [Buffer.concat([field, withGraphField(Buffer.alloc(0))])];
    expect(readOnnxModel(first).externalData).toBe(true);
  });

  test('a weight of its own is none', () => {
    expect(readOnnxModel(withGraphField(delimitedField(5, numberField(TENSOR, 0)))).externalData).toBe(false);
  });

  test('graphs nested without end are refused', () => {
    let field: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 100; depth++) {
      field = node(graph(field));
    }
    expect(() => readOnnxModel(withGraphField(field))).toThrow(NotOnnxError);
  });
});

test('weights that old exporters list as inputs are no inputs', () => {
  const weight = delimitedField(5, delimitedField(8, 'w'));
  const bytes = buildOnnx({
    inputs: [
      { name: 'x', shape: ['N', 2] },
      { name: 'w', shape: [2] },
    ],
    outputs: [{ name: 'y', shape: ['N'] }],
    nodes: [],
    extra: [weight],
  });
  expect(readOnnxModel(bytes).signature.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 2] }]);
});

test('labels of a ZipMap are counted packed and unpacked', () => {
  const zipMap = (attributes: Buffer[]) =>
    readOnnxModel(
      buildOnnx({
        inputs: [],
        outputs: [{ name: 'p', shape: [] }],
        nodes: [{ type: 'ZipMap', inputs: ['raw'], outputs: ['p'], domain: 'ai.onnx.ml', attributes }],
      }),
    ).signature.outputs;
  const packed = delimitedField(8, Buffer.from([0, 1, 2, 3]));
  expect(zipMap([intsAttribute('classlabels_int64s', [0, 1])])).toEqual([
    { name: 'p', datatype: 'FP32', shape: [-1, 2] },
  ]);
  expect(zipMap([packed])).toEqual([{ name: 'p', datatype: 'FP32', shape: [-1, 4] }]);
});

describe('mutated files', () => {
  const originals = ['iris-zipmap.onnx', 'mlp.onnx', 'mixed-columns.onnx', 'external-data.onnx'].map((name) =>
    readFileSync(join(MODELS, name)),
  );

  test('give a model or a NotOnnxError, nothing else', () => {
    const mutation = fc.record({
      original: fc.constantFrom(...originals),
      edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      keep: fc.option(fc.nat(), { nil: undefined }),
    });
    fc.assert(
      fc.property(mutation, ({ original, edits, keep }) => {
        const bytes = Buffer.from(original);
        for (const [position, value] of edits) {
          bytes[position % bytes.length] = value;
        }
        const file = keep === undefined ? bytes : bytes.subarray(0, keep % bytes.length);
        try {
          readOnnxModel(file);
        } catch (error) {
          expect(error).toBeInstanceOf(NotOnnxError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('random bytes are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => readOnnxModel(bytes)).toThrow(NotOnnxError);
      }),
      { numRuns: 2000 },
    );
  });
});

function withGraphField(field: Buffer): Buffer {
  return buildOnnx({ inputs: [], nodes: [], outputs: [{ name: 'o', shape: [1] }], extra: [field] });
}

function outputNamed(hex: string): Buffer {
  return delimitedField(12, delimitedField(1, Buffer.from(hex, 'hex')));
}

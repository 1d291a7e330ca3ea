import fc from 'fast-check';
import { ModelError, type Tensor } from '../../runtime/src/model';
import { bfloat16OfFloat32, float32OfBfloat16 } from '../../runtime/src/model/bfloat16';
import { FIELDS } from '../../runtime/src/model/onnx-fields';
import { delimitedField, numberField } from '../../runtime/src/model/wire';
import { load, written } from '../support/load';
import {
  buildOnnx,
  type GraphOptions,
  graphAttribute,
  intAttribute,
  intsAttribute,
  type ModelOptions,
  type NodeOptions,
  nodeOf,
  stringsAttribute,
  type ValueOptions,
  valueInfoOf,
} from '../support/onnx-builder';
import { fixture } from '../support/predictor';
import { temporaryDirectory } from '../support/temporary';

const FLOAT = 1;
const BOOL = 9;
const BFLOAT16 = 16;

const bits = (...values: number[]): Uint16Array => bfloat16OfFloat32(Float32Array.from(values));
const row = (...values: number[]): Tensor => ({ datatype: 'BF16', shape: [1, values.length], data: bits(...values) });
const half = (name: string, columns = 2): ValueOptions => ({ name, type: BFLOAT16, shape: ['N', columns] });
const identity = (from: string, to: string): NodeOptions => ({ type: 'Identity', inputs: [from], outputs: [to] });
const cast = (from: string, to: string, type: number): NodeOptions => ({
  type: 'Cast',
  inputs: [from],
  outputs: [to],
  attributes: [intAttribute('to', type)],
});

/** An initializer of bfloat16 of the shape [1, 2]. */
function initializer(name: string, values: Uint16Array): Buffer {
  const { buffer, byteOffset, byteLength } = values;
  return delimitedField(
    FIELDS.graph.initializer,
    Buffer.concat([
      numberField(1, 1),
      numberField(1, values.length),
      numberField(2, BFLOAT16),
      delimitedField(FIELDS.tensor.name, name),
      delimitedField(9, Buffer.from(buffer, byteOffset, byteLength)),
    ]),
  );
}

describe('a model with inputs and outputs of bfloat16', () => {
  const directory = temporaryDirectory();
  let count = 0;

  const open = (model: ModelOptions) => {
    count += 1;
    return load(written(directory, `model-${count}`, buildOnnx(model)));
  };

  /** Outputs for inputs, and the signature as `name datatype`. */
  async function run(model: ModelOptions, inputs: readonly Tensor[]) {
    const { session, signature } = await open(model);
    try {
      const { outputs } = await session.run(inputs);
      const texts = [...signature.inputs, ...signature.outputs].map(({ name, datatype }) => `${name} ${datatype}`);
      return { outputs, values: texts };
    } finally {
      await session.close();
    }
  }

  it('is served under its own names, and carries bits', async () => {
    const { session, signature } = await load(fixture('identity-bf16.onnx'));
    expect(signature).toMatchObject({
      inputs: [{ name: 'input', datatype: 'BF16', shape: [-1, 2], symbols: ['N', undefined] }],
      outputs: [{ name: 'output', datatype: 'BF16', shape: [-1, 2] }],
    });
    // Every number; the engine may give a NaN another payload.
    const data = Uint16Array.from({ length: 0x10000 }, (_, index) => index);
    const { outputs } = await session.run([{ datatype: 'BF16', shape: [0x8000, 2], data }]);
    const notNumber = (value: number) => (value & 0x7fff) > 0x7f80;
    const different = data.filter((value, index) => {
      const answer = Number(outputs[0].data[index]);
      return notNumber(value) ? !notNumber(answer) : answer !== value;
    });
    expect(outputs[0]).toMatchObject({ datatype: 'BF16', shape: [0x8000, 2] });
    expect(Array.from(different)).toEqual([]);
    await session.close();
  });

  it('rounds what it computes as the engine does', async () => {
    const { session } = await open({
      inputs: [{ name: 'x', shape: ['N'] }],
      outputs: [{ name: 'y', type: BFLOAT16, shape: ['N'] }],
      nodes: [cast('x', 'y', BFLOAT16)],
    });
    await fc.assert(
      fc.asyncProperty(fc.float32Array({ noNaN: true, minLength: 1 }), async (values) => {
        const data = Float32Array.from(values);
        const { outputs } = await session.run([{ datatype: 'FP32', shape: [data.length], data }]);
        expect(outputs[0].data).toEqual(bfloat16OfFloat32(data));
      }),
      { numRuns: 50 },
    );
    await session.close();
  });

  it('may answer an input as it is, beside other uses of it', async () => {
    const { outputs, values } = await run(
      { inputs: [half('x')], outputs: [half('x'), half('y')], nodes: [identity('x', 'y')] },
      [row(1, 2)],
    );
    expect(values).toEqual(['x BF16', 'x BF16', 'y BF16']);
    expect(outputs).toEqual([row(1, 2), row(1, 2)]);
  });

  it('may have inputs that nothing uses, and none of the operators of ONNX', async () => {
    const model = { inputs: [half('x'), half('y')], outputs: [half('x')], nodes: [], opsets: { 'ai.onnx.ml': 3 } };
    expect((await run(model, [row(1, 2), row(3, 4)])).outputs).toEqual([row(1, 2)]);
  });

  it('may use names that look like those of the rewritten graph', async () => {
    const { outputs } = await run(
      {
        inputs: [half('x'), half('x:bfloat16')],
        outputs: [half('y:bfloat16'), half('y')],
        nodes: [identity('x', 'x:bfloat16_'), identity('x:bfloat16', 'y'), identity('x:bfloat16_', 'y:bfloat16')],
      },
      [row(1, 2), row(3, 4)],
    );
    expect(outputs).toEqual([row(1, 2), row(3, 4)]);
  });

  it('may use an output inside, and have inputs and outputs of other types', async () => {
    const { outputs, values } = await run(
      {
        inputs: [half('x'), { name: 'factor', shape: [1] }],
        outputs: [half('y'), { name: 'product', shape: ['N', 2] }],
        nodes: [
          identity('x', 'y'),
          cast('y', 'real', FLOAT),
          { type: 'Mul', inputs: ['real', 'factor'], outputs: ['product'] },
        ],
      },
      [row(1, 2), { datatype: 'FP32', shape: [1], data: Float32Array.of(0.3) }],
    );
    expect(values).toEqual(['x BF16', 'factor FP32', 'y BF16', 'product FP32']);
    expect(outputs[0]).toEqual(row(1, 2));
    expect(outputs[1].data).toEqual(Float32Array.of(0.3, 0.6));
  });

  it('may have inputs with a value of their own, which nobody sends, and answer them', async () => {
    const { outputs, values } = await run(
      {
        inputs: [half('x'), { name: 'w', type: BFLOAT16, shape: [1, 2] }],
        outputs: [{ name: 'w', type: BFLOAT16, shape: [1, 2] }, half('y', 4)],
        nodes: [{ type: 'Concat', inputs: ['x', 'w'], outputs: ['y'], attributes: [intAttribute('axis', 1)] }],
        extra: [initializer('w', bits(5, 6))],
      },
      [row(1, 2)],
    );
    expect(values).toEqual(['x BF16', 'w BF16', 'y BF16']);
    expect(outputs).toEqual([row(5, 6), row(1, 2, 5, 6)]);
  });

  it('may have types of inner values, and functions with the same names inside', async () => {
    const text = (field: number, name: string) => delimitedField(field, name);
    const local = Buffer.concat([
      text(1, 'Pass'),
      text(4, 'x'),
      text(5, 'y'),
      delimitedField(FIELDS.functionBody.node, nodeOf(identity('x', 'y'))),
      delimitedField(9, Buffer.concat([text(1, ''), numberField(2, 17)])),
      text(10, 'local'),
    ]);
    const declared = ['x', 'middle'].map((name) => delimitedField(FIELDS.graph.valueInfo, valueInfoOf(half(name))));
    const { outputs } = await run(
      {
        inputs: [half('x')],
        outputs: [half('y')],
        nodes: [{ type: 'Pass', domain: 'local', inputs: ['x'], outputs: ['middle'] }, identity('middle', 'y')],
        opsets: { '': 17, local: 1 },
        extra: declared,
        more: [delimitedField(FIELDS.model.functions, local)],
      },
      [row(1, 2)],
    );
    expect(outputs).toEqual([row(1, 2)]);
  });

  it('may have a ZipMap as well', async () => {
    const map = delimitedField(
      5,
      Buffer.concat([numberField(1, 8), delimitedField(2, delimitedField(1, numberField(1, 1)))]),
    );
    const declared = Buffer.concat([
      delimitedField(1, 'p'),
      delimitedField(2, delimitedField(4, delimitedField(1, map))),
    ]);
    const { outputs, values } = await run(
      {
        inputs: [half('x')],
        outputs: [half('y')],
        nodes: [
          cast('x', 'real', FLOAT),
          {
            type: 'ZipMap',
            domain: 'ai.onnx.ml',
            inputs: ['real'],
            outputs: ['p'],
            attributes: [stringsAttribute('classlabels_strings', ['no', 'yes'])],
          },
          identity('x', 'y'),
        ],
        opsets: { '': 17, 'ai.onnx.ml': 3 },
        extra: [delimitedField(FIELDS.graph.output, declared)],
      },
      [row(1, 3)],
    );
    expect(values).toEqual(['x BF16', 'y BF16', 'p FP32']);
    expect([outputs[0], Array.from(outputs[1].data as Float32Array)]).toEqual([row(1, 3), [1, 3]]);
  });

  it('may have a ZipMap of bfloat16, which ONNX does not know', async () => {
    const declared = Buffer.concat([delimitedField(1, 'p'), delimitedField(2, delimitedField(4, Buffer.alloc(0)))]);
    const { outputs } = await run(
      {
        inputs: [half('x')],
        outputs: [],
        nodes: [
          {
            type: 'ZipMap',
            domain: 'ai.onnx.ml',
            inputs: ['x'],
            outputs: ['p'],
            attributes: [stringsAttribute('classlabels_strings', ['no', 'yes'])],
          },
        ],
        opsets: { '': 17, 'ai.onnx.ml': 3 },
        extra: [delimitedField(FIELDS.graph.output, declared)],
      },
      [row(1, 3)],
    );
    expect(Array.from(outputs[0].data as Float32Array)).toEqual([1, 3]);
  });

  describe('and graphs inside of its graph', () => {
    const yes: Tensor = { datatype: 'BOOL', shape: [], data: Uint8Array.of(1) };
    const no: Tensor = { datatype: 'BOOL', shape: [], data: Uint8Array.of(0) };
    const choice = (then: GraphOptions, otherwise: GraphOptions, to: string): NodeOptions => ({
      type: 'If',
      inputs: ['c'],
      outputs: [to],
      attributes: [graphAttribute('then_branch', then), graphAttribute('else_branch', otherwise)],
    });
    const branch = (from: string, name: string): GraphOptions => ({
      inputs: [],
      outputs: [half(name)],
      nodes: [identity(from, name)],
    });

    it('which use its inputs and outputs', async () => {
      const model: ModelOptions = {
        inputs: [half('x'), half('z'), { name: 'c', type: BOOL, shape: [] }],
        outputs: [half('y'), half('chosen')],
        nodes: [identity('x', 'y'), choice(branch('y', 'first'), branch('z', 'second'), 'chosen')],
      };
      expect((await run(model, [row(1, 2), row(3, 4), yes])).outputs).toEqual([row(1, 2), row(1, 2)]);
      expect((await run(model, [row(1, 2), row(3, 4), no])).outputs).toEqual([row(1, 2), row(3, 4)]);
    });

    it('whose own inputs have names of outer values', async () => {
      // A Scan over rows: its body takes a row under the name of the input of the model.
      const body: GraphOptions = {
        inputs: [{ name: 'x', type: BFLOAT16, shape: [2] }],
        outputs: [{ name: 'row', type: BFLOAT16, shape: [2] }],
        nodes: [identity('x', 'row')],
      };
      const scan: NodeOptions = {
        type: 'Scan',
        inputs: ['x'],
        outputs: ['y'],
        attributes: [graphAttribute('body', body), intAttribute('num_scan_inputs', 1)],
      };
      const { outputs } = await run({ inputs: [half('x')], outputs: [half('y')], nodes: [scan] }, [row(1, 2)]);
      expect(outputs).toEqual([row(1, 2)]);
    });

    it('computes what the same graph of FP32 computes', async () => {
      const columns = 2;
      const step = fc.record({
        kind: fc.constantFrom('Identity', 'If', 'nested If'),
        from: fc.nat({ max: 9 }),
        other: fc.nat({ max: 9 }),
      });
      const plan = fc.record({
        steps: fc.array(step, { minLength: 1, maxLength: 6 }),
        outputs: fc.uniqueArray(fc.nat({ max: 7 }), { minLength: 1, maxLength: 4 }),
        c: fc.boolean(),
      });
      type Plan = typeof plan extends fc.Arbitrary<infer Value> ? Value : never;

      const build = ({ steps, outputs }: Plan, type: number): ModelOptions => {
        const value = (name: string): ValueOptions => ({ name, type, shape: ['N', columns] });
        const names = ['a', 'b'];
        const nodes = steps.map(({ kind, from, other }, index): NodeOptions => {
          const [first, second] = [names[from % names.length], names[other % names.length]];
          const to = `v${index}`;
          const leaf = (source: string, name: string): GraphOptions => ({
            inputs: [],
            outputs: [value(name)],
            nodes: [identity(source, name)],
          });
          names.push(to);
          if (kind === 'Identity') {
            return identity(first, to);
          }
          const inner: GraphOptions = {
            inputs: [],
            outputs: [value(`${to}n`)],
            nodes: [choice(leaf(second, `${to}p`), leaf(first, `${to}q`), `${to}n`)],
          };
          return choice(kind === 'If' ? leaf(first, `${to}t`) : inner, leaf(second, `${to}e`), to);
        });
        const answered = [...new Set(outputs.map((index) => names[index % names.length]))];
        return {
          inputs: [value('a'), value('b'), { name: 'c', type: BOOL, shape: [] }],
          outputs: answered.map(value),
          nodes,
        };
      };

      await fc.assert(
        fc.asyncProperty(plan, async (drawn) => {
          const inputs = [row(1, 2), row(3, 4)];
          const wide = inputs.map(
            ({ shape, data }): Tensor => ({
              datatype: 'FP32',
              shape,
              data: float32OfBfloat16(data as Uint16Array),
            }),
          );
          const condition = drawn.c ? yes : no;
          const narrow = await run(build(drawn, BFLOAT16), [...inputs, condition]);
          const reference = await run(build(drawn, FLOAT), [...wide, condition]);
          expect(narrow.values).toEqual(reference.values.map((text) => text.replace('FP32', 'BF16')));
          expect(narrow.outputs.map(({ data }) => Array.from(float32OfBfloat16(data as Uint16Array)))).toEqual(
            reference.outputs.map(({ data }) => Array.from(data as Float32Array)),
          );
        }),
        { numRuns: 40 },
      );
    });
  });

  it('is refused when an output does not say that it is bfloat16', async () => {
    const untyped = delimitedField(FIELDS.graph.output, delimitedField(FIELDS.valueInfo.name, 'y'));
    const refused = open({ inputs: [half('x')], outputs: [], nodes: [identity('x', 'y')], extra: [untyped] });
    await expect(refused).rejects.toThrow(/an input or output has the element type bfloat16 without a declaration/);
  });

  it('is refused with the name of an operator that the engine lacks', async () => {
    const refused = await open({
      inputs: [half('x')],
      outputs: [half('y')],
      nodes: [{ type: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
    }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ModelError);
    expect((refused as ModelError).reason).toMatch(
      /no implementation of the operator Add \(operator set 14\).*Export the model so that this operator computes in float32/,
    );
  });

  // 10 is the element type of FP16.
  it.each([BFLOAT16, 10])('shares runs only when its rows are independent: element type %d', async (type) => {
    const value = (name: string): ValueOptions => ({ name, type, shape: ['N', 2] });
    const real = (...over: NodeOptions[]) =>
      open({
        inputs: [value('x')],
        outputs: [value('y')],
        nodes: [cast('x', 'real', FLOAT), ...over, cast('result', 'y', type)],
      });
    const alone = await real({ type: 'Add', inputs: ['real', 'real'], outputs: ['result'] });
    const mean: NodeOptions = {
      type: 'ReduceMean',
      inputs: ['real'],
      outputs: ['mean'],
      attributes: [intsAttribute('axes', [0])],
    };
    const centered = await real(mean, { type: 'Sub', inputs: ['real', 'mean'], outputs: ['result'] });
    expect([alone.independentRows, centered.independentRows]).toEqual([true, false]);
    await Promise.all([alone.session.close(), centered.session.close()]);
  });
});

import { copyFileSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelConfig } from '../../lib/contract';
import { ModelError, type Tensor } from '../../runtime/src/model';
import { load, written } from '../support/load';
import { attribute, buildOnnx, intAttribute, intsAttribute, stringsAttribute } from '../support/onnx-builder';
import { fixture, MODELS } from '../support/predictor';
import { temporaryDirectory } from '../support/temporary';

const reals = (shape: number[], values: number[]): Tensor => ({
  datatype: 'FP32',
  shape,
  data: Float32Array.from(values),
});

async function refusal(config: ModelConfig): Promise<ModelError> {
  const error: unknown = await load(config).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ModelError);
  expect((error as ModelError).exitCode).toBe(43);
  expect((error as ModelError).reason).not.toMatch(/\/(tmp|work|fixtures)/);
  return error as ModelError;
}

describe('loadModel', () => {
  const directory = temporaryDirectory();

  it.each([
    ['corrupted.onnx', /damaged or is not an ONNX model/],
    ['truncated.onnx', /damaged or is not an ONNX model/],
    ['empty.onnx', /empty/],
    ['external-data.onnx', /external data/],
  ])('refuses %s', async (file, reason) => {
    expect((await refusal(fixture(file))).reason).toMatch(reason);
  });

  it('refuses another digest', async () => {
    const error = await refusal(fixture('mlp.onnx', { sha256: '0'.repeat(64) }));
    expect(error).toMatchObject({ name: 'ModelIntegrityError', exitCode: 43 });
  });

  it('refuses a hard link', async () => {
    copyFileSync(join(MODELS, 'mlp.onnx'), join(directory, 'first.onnx'));
    linkSync(join(directory, 'first.onnx'), join(directory, 'second.onnx'));
    expect((await refusal(fixture(join(directory, 'second.onnx')))).reason).toMatch(/hard links/);
  });

  it('refuses an operator set that the engine does not know, with its reason', async () => {
    const bytes = buildOnnx({
      inputs: [{ name: 'x', shape: [1] }],
      outputs: [{ name: 'y', shape: [1] }],
      nodes: [{ type: 'Identity', inputs: ['x'], outputs: ['y'] }],
      opsets: { '': 999 },
    });
    expect((await refusal(written(directory, 'opset', bytes))).reason).toMatch(/engine cannot open it: .*opset 999/i);
  });

  it('refuses an operator that does not exist', async () => {
    const bytes = buildOnnx({
      inputs: [{ name: 'x', shape: [1] }],
      outputs: [{ name: 'y', shape: [1] }],
      nodes: [{ type: 'Nonsense', inputs: ['x'], outputs: ['y'] }],
    });
    expect((await refusal(written(directory, 'operator', bytes))).reason).toMatch(/Nonsense/);
  });

  it('refuses a sequence as output', async () => {
    const type = delimited(4, delimited(1, delimited(1, Buffer.from([8, 1]))));
    const bytes = buildOnnx({
      inputs: [{ name: 'x', shape: ['N', 1] }],
      outputs: [],
      nodes: [{ type: 'SequenceConstruct', inputs: ['x'], outputs: ['y'] }],
      extra: [delimited(12, Buffer.concat([delimited(1, Buffer.from('y')), delimited(2, type)]))],
    });
    expect((await refusal(written(directory, 'sequence', bytes))).reason).toMatch(/'y' is not a tensor/);
  });

  it('runs a model and tells its signature', async () => {
    const { session, signature } = await load(fixture('two-inputs.onnx'));
    const { outputs, seconds } = await session.run([reals([1, 2], [1, 2]), reals([1, 2], [3, 5])]);

    expect(signature.inputs[0]).toEqual({ name: 'a', datatype: 'FP32', shape: [-1, 2], symbols: ['N', undefined] });
    expect(outputs).toEqual([reals([1, 2], [4, 7]), reals([1, 2], [-2, -3])]);
    expect(seconds).toBeGreaterThan(0);
    await session.close();
  });

  it('carries FP16 as bits', async () => {
    const { session } = await load(fixture('identity-fp16.onnx'));
    const input: Tensor = { datatype: 'FP16', shape: [1, 2], data: Uint16Array.of(0x3c00, 0x7bff) };

    expect((await session.run([input])).outputs).toEqual([input]);
    await session.close();
  });

  it("names the operator that failed, and keeps the engine's words to itself", async () => {
    const { session } = await load(fixture('gather-fails.onnx'));
    const input: Tensor = { datatype: 'INT64', shape: [1], data: BigInt64Array.of(99n) };

    await expect(session.run([input])).rejects.toMatchObject({
      name: 'EngineError',
      operator: 'Gather',
      message: 'the operator Gather of the model failed',
    });
    await session.close();
  });

  describe('warm-up', () => {
    it('runs zeros without a declared request', async () => {
      const { sample, session } = await load(fixture('mlp.onnx', { warmUp: { runs: 3 } }));
      expect(sample).toEqual([reals([1, 4], [0, 0, 0, 0])]);
      await session.close();
    });

    it('runs the declared request', async () => {
      const request = {
        instances: [
          [1, 2, 3, 4],
          [5, 6, 7, 8],
        ],
      };
      const { sample, session } = await load(fixture('mlp.onnx', { warmUp: { runs: 1, request } }));
      expect(sample).toEqual([reals([2, 4], [1, 2, 3, 4, 5, 6, 7, 8])]);
      await session.close();
    });

    it('refuses a request that does not fit', async () => {
      const warmUp = { runs: 1, request: { instances: [[1, 2]] } };
      expect((await refusal(fixture('mlp.onnx', { warmUp }))).reason).toMatch(
        /warm-up request fails: Input 'input': instances\[0\] must be a list of 4/,
      );
    });

    it('refuses a request that the model cannot evaluate', async () => {
      const warmUp = { runs: 1, request: { instances: [99] } };
      expect((await refusal(fixture('gather-fails.onnx', { warmUp }))).reason).toMatch(/warm-up request fails.*Gather/);
    });

    it('serves a model that cannot evaluate zeros, without shared runs', async () => {
      const start = attribute('value', 4, [delimited(5, tensorOf([-5]))]);
      const bytes = buildOnnx({
        inputs: [{ name: 'index', type: 7, shape: ['N'] }],
        outputs: [{ name: 'y', shape: ['N'] }],
        nodes: [
          { type: 'Constant', inputs: [], outputs: ['minus'], attributes: [start] },
          { type: 'Add', inputs: ['index', 'minus'], outputs: ['shifted'] },
          { type: 'Gather', inputs: ['table', 'shifted'], outputs: ['y'] },
        ],
        extra: [
          delimited(
            5,
            Buffer.concat([
              Buffer.from([8, 3, 16, 1]),
              delimited(8, Buffer.from('table')),
              delimited(4, floats([1, 2, 3])),
            ]),
          ),
        ],
      });
      const { sample, independentRows, session } = await load(written(directory, 'no-zeros', bytes));
      expect([sample, independentRows]).toEqual([undefined, false]);
      const input: Tensor = { datatype: 'INT64', shape: [1], data: BigInt64Array.of(6n) };
      expect((await session.run([input])).outputs).toEqual([reals([1], [2])]);
      await session.close();
    });
  });

  describe('independent rows', () => {
    const model = (name: string, node: Parameters<typeof buildOnnx>[0]['nodes'], output: (number | string)[]) =>
      written(
        directory,
        name,
        buildOnnx({
          inputs: [{ name: 'x', shape: ['N', 4] }],
          outputs: [{ name: 'y', shape: output }],
          nodes: node,
          opsets: { '': 13 },
        }),
      );
    const overRows = (type: string, keep: number) => [
      { type, inputs: ['x'], outputs: ['y'], attributes: [intsAttribute('axes', [0]), intAttribute('keepdims', keep)] },
    ];

    it.each([
      ['mlp.onnx', true],
      ['rank3.onnx', true],
      ['iris-zipmap-strings.onnx', true],
      ['mixed-columns.onnx', true],
      ['fixed-batch.onnx', false],
    ])('%s: %s', async (file, expected) => {
      const { independentRows, session } = await load(fixture(file));
      expect(independentRows).toBe(expected);
      await session.close();
    });

    it('are not those of a model that answers once for all rows', async () => {
      const { independentRows, session } = await load(model('mean', overRows('ReduceMean', 1), ['M', 4]));
      expect(independentRows).toBe(false);
      await session.close();
    });

    it('are not those of a model that sums up its rows so far', async () => {
      const axis = attribute('value', 4, [delimited(5, tensorOf([0]))]);
      const nodes = [
        { type: 'Constant', inputs: [], outputs: ['axis'], attributes: [axis] },
        { type: 'CumSum', inputs: ['x', 'axis'], outputs: ['y'] },
      ];
      const { independentRows, session } = await load(model('cumulated', nodes, ['N', 4]));
      expect(independentRows).toBe(false);
      await session.close();
    });

    it('are not those of a model of integers that takes the largest of all rows', async () => {
      const bytes = buildOnnx({
        inputs: [{ name: 'x', type: 7, shape: ['N', 2] }],
        outputs: [{ name: 'y', type: 7, shape: ['N', 2] }],
        nodes: [
          {
            type: 'ReduceMax',
            inputs: ['x'],
            outputs: ['largest'],
            attributes: [intsAttribute('axes', [0]), intAttribute('keepdims', 1)],
          },
          { type: 'Max', inputs: ['x', 'largest'], outputs: ['y'] },
        ],
        opsets: { '': 13 },
      });
      const { independentRows, session } = await load(written(directory, 'largest', bytes));
      expect(independentRows).toBe(false);
      await session.close();
    });

    it('are not those of a model that compares its rows', async () => {
      const nodes = [
        {
          type: 'ReduceMean',
          inputs: ['x'],
          outputs: ['mean'],
          attributes: [intsAttribute('axes', [0]), intAttribute('keepdims', 1)],
        },
        { type: 'Sub', inputs: ['x', 'mean'], outputs: ['y'] },
      ];
      const { independentRows, session } = await load(model('centered', nodes, ['N', 4]));
      expect(independentRows).toBe(false);
      await session.close();
    });
  });

  describe('ZipMap', () => {
    it('is removed, in a directory that is gone afterwards', async () => {
      const temporary = join(directory, 'tmp');
      mkdirSync(temporary);
      const before = process.env.TMPDIR;
      process.env.TMPDIR = temporary;
      try {
        const { signature, session } = await load(fixture('iris-zipmap-strings.onnx'));
        expect(signature.outputs[1]).toMatchObject({
          name: 'output_probability',
          datatype: 'FP32',
          shape: [-1, 3],
          classLabels: ['setosa', 'versicolor', 'virginica'],
        });
        await session.close();
      } finally {
        if (before === undefined) {
          delete process.env.TMPDIR;
        } else {
          process.env.TMPDIR = before;
        }
      }
      expect(readdirSync(temporary)).toEqual([]);
    });

    it('is removed from a model that imports no operators of ONNX itself', async () => {
      const map = delimited(5, Buffer.concat([Buffer.from([8, 8]), delimited(2, delimited(1, Buffer.from([8, 1])))]));
      const output = Buffer.concat([delimited(1, Buffer.from('y')), delimited(2, delimited(4, delimited(1, map)))]);
      const bytes = buildOnnx({
        inputs: [{ name: 'x', shape: ['N', 2] }],
        outputs: [],
        nodes: [
          { type: 'Normalizer', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['p'] },
          {
            type: 'ZipMap',
            domain: 'ai.onnx.ml',
            inputs: ['p'],
            outputs: ['y'],
            attributes: [stringsAttribute('classlabels_strings', ['no', 'yes'])],
          },
        ],
        opsets: { 'ai.onnx.ml': 3 },
        extra: [delimited(12, output)],
      });
      const { signature, session } = await load(written(directory, 'ml-only', bytes));
      expect(signature.outputs[0]).toMatchObject({
        name: 'y',
        datatype: 'FP32',
        shape: [-1, 2],
        classLabels: ['no', 'yes'],
      });
      const { outputs } = await session.run([reals([1, 2], [1, 3])]);
      expect(outputs[0].data.length).toBe(2);
      await session.close();
    });
  });
});

function delimited(field: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([field * 8 + 2, content.length]), content]);
}

/** An INT64 tensor. */
function tensorOf(values: number[]): Buffer {
  return Buffer.concat([
    Buffer.from([8, values.length, 16, 7]),
    delimited(9, Buffer.from(BigInt64Array.from(values, BigInt).buffer)),
  ]);
}

function floats(values: number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

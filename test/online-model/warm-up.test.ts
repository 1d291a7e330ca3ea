import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Model, ModelSource, OnlineModel, WarmUp } from 'cdk8s-model-serving';
import { readOnnxModel } from '../../lib/model/onnx/onnx-model';
import { compareSample } from '../../lib/online/warm-up-sample';
import { configOf, FIXTURES, failureOf, newChart, synthesize } from '../support/manifests';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();

const signatureOf = (name: string) => readOnnxModel(readFileSync(join(FIXTURES, 'models', name))).signature;

describe('samples that fit', () => {
  test.each<[string, object]>([
    ['mlp.onnx', { instances: [[1, 2, 3, 4]] }],
    ['mlp.onnx', { instances: [{ input: [1, 2, 3, 4] }] }],
    ['mlp.onnx', { inputs: [[1, 2, 3, 4]] }],
    ['mlp.onnx', { inputs: { input: [[1, 2, 3, 4]] } }],
    ['mixed-columns.onnx', { instances: [{ age: 31, income: 1, city: 'Oslo' }] }],
    ['mixed-columns.onnx', { instances: [{ age: [31], income: [1], city: ['Oslo'] }] }],
    ['mixed-columns.onnx', { inputs: { age: [1, 2], income: [1, 2], city: ['a', 'b'] } }],
    ['mlp.onnx', { instances: [['NaN', 'Infinity', '-Infinity', 4]] }],
    ['identity-fp64.onnx', { inputs: [['NaN', 1]] }],
    ['identity-bf16.onnx', { inputs: [['NaN', 1]] }],
    ['identity-bool.onnx', { instances: [[true, false]] }],
    ['identity-string.onnx', { instances: [['a', 'b']] }],
    [
      'rank3.onnx',
      {
        instances: [
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
        ],
      },
    ],
    ['scalar-input.onnx', { instances: [1, 2, 3] }],
    ['two-inputs.onnx', { instances: [{ a: [1, 2], b: [3, 4] }] }],
  ])('%s %j', (name, request) => {
    expect(compareSample({ ...request }, signatureOf(name))).toEqual([]);
  });
});

describe('samples that do not', () => {
  test.each<[string, object, string]>([
    ['mlp.onnx', { instances: [] }, 'There are no instances.'],
    ['mlp.onnx', { instances: [[1, 2, 3]] }, "instances[0] has 3 values, and 'input' takes 4."],
    ['mlp.onnx', { instances: [[1, 2, 3, 4], [1]] }, "instances[1] has 1 values, and 'input' takes 4."],
    ['mlp.onnx', { instances: [['1', 2, 3, 4]] }, 'instances[0] has "1", and \'input\' takes a number (FP32).'],
    ['mlp.onnx', { instances: [['nan', 2, 3, 4]] }, 'instances[0] has "nan", and \'input\' takes a number (FP32).'],
    [
      'identity-int32.onnx',
      { instances: [['NaN', 1]] },
      'instances[0] has "NaN", and \'input\' takes a number (INT32).',
    ],
    ['mlp.onnx', { instances: [[null, 2, 3, 4]] }, "instances[0] has null, and 'input' takes a number (FP32)."],
    [
      'mixed-columns.onnx',
      { instances: [[1, 2, 3]] },
      "instances[0] is no object with the inputs 'age', 'income', 'city'.",
    ],
    ['mixed-columns.onnx', { instances: [{ age: 1, city: 'a' }] }, "instances[0] has no 'income'."],
    [
      'mixed-columns.onnx',
      { instances: [{ age: 1, income: 1, city: 'a', x: 1 }] },
      "instances[0] has 'x', and the model has the inputs 'age', 'income', 'city'.",
    ],
    [
      'mixed-columns.onnx',
      { instances: [{ age: 1, income: 1, city: 2 }] },
      "instances[0].city has 2, and 'city' takes a string (BYTES).",
    ],
    ['mixed-columns.onnx', { inputs: [[1]] }, "inputs is no object with 'age', 'income', 'city'."],
    ['identity-bool.onnx', { instances: [[1, 0]] }, "instances[0] has 1, and 'input' takes a boolean (BOOL)."],
  ])('%s %j', (name, request, problem) => {
    expect(compareSample({ ...request }, signatureOf(name))).toEqual([problem]);
  });
});

test('the message tells what the model takes', () => {
  const path = join(directory, 'warm-up.json');
  writeFileSync(path, '{"instances": [[1]]}');
  const chart = newChart();
  const source = ModelSource.file(join(FIXTURES, 'models/mlp.onnx'));
  new OnlineModel(chart, 'model', {
    model: Model.onnx({ name: 'mlp', version: '1', source }),
    warmUp: WarmUp.samples(path),
  });
  expect(failureOf(chart)).toContain("The model 'mlp' takes input FP32 [-1, 4].");
});

test.each<[string, WarmUp, object]>([
  ['zeros', WarmUp.zeros(), { runs: 3 }],
  ['zeros, as often as said', WarmUp.zeros({ runs: 7 }), { runs: 7 }],
  ['none', WarmUp.none(), { runs: 0 }],
])('%s', (_name, warmUp, expected) => {
  expect(configOf(synthesize({ warmUp })).models[0].warmUp).toEqual(expected);
});

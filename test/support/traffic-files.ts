import type { ModelConfig } from '../../lib/contract';
import { written } from './load';
import { attribute, buildOnnx, intAttribute, intsAttribute, type NodeOptions, stringsAttribute } from './onnx-builder';
import { fixture } from './predictor';
import { ROW_WIDTH, TREES } from './traffic-models';

const FP32 = 1;
const INT64 = 7;
const STRING = 8;
const ROW = ['N', ROW_WIDTH] as const;

function add(one: string, other: string, sum: string): NodeOptions {
  return { type: 'Add', inputs: [one, other], outputs: [sum] };
}

/** `y` = `x`, multiplied by 2, 3 or 5. */
function product(factor: 2 | 3 | 5, rows: number | 'N' = 'N'): Buffer {
  const nodes = [add('x', 'x', 'x2'), add('x2', 'x', 'x3'), add('x2', 'x3', 'x5')];
  return buildOnnx({
    inputs: [{ name: 'x', shape: [rows, ROW_WIDTH] }],
    outputs: [{ name: 'y', shape: [rows, ROW_WIDTH] }],
    nodes: [...nodes, { type: 'Identity', inputs: [`x${factor}`], outputs: ['y'] }],
  });
}

function threshold(tree: number): number {
  return tree * 1000 + 0.5;
}

/** Trees of one decision each: `score` is how many of them say yes. And `echo`, the features twice. */
function forest(): Buffer {
  const trees = Array.from({ length: TREES }, (_, tree) => tree);
  const each = <T>(values: (tree: number) => T[]) => trees.flatMap(values);
  const attributes = [
    intAttribute('n_targets', 1),
    intsAttribute(
      'nodes_treeids',
      each((tree) => [tree, tree, tree]),
    ),
    intsAttribute(
      'nodes_nodeids',
      each(() => [0, 1, 2]),
    ),
    intsAttribute(
      'nodes_featureids',
      each(() => [1, 0, 0]),
    ),
    stringsAttribute(
      'nodes_modes',
      each(() => ['BRANCH_LEQ', 'LEAF', 'LEAF']),
    ),
    floatsAttribute(
      'nodes_values',
      each((tree) => [threshold(tree), 0, 0]),
    ),
    intsAttribute(
      'nodes_truenodeids',
      each(() => [1, 0, 0]),
    ),
    intsAttribute(
      'nodes_falsenodeids',
      each(() => [2, 0, 0]),
    ),
    intsAttribute(
      'target_treeids',
      each((tree) => [tree, tree]),
    ),
    intsAttribute(
      'target_nodeids',
      each(() => [1, 2]),
    ),
    intsAttribute(
      'target_ids',
      each(() => [0, 0]),
    ),
    floatsAttribute(
      'target_weights',
      each(() => [0, 1]),
    ),
  ];
  return buildOnnx({
    opsets: { '': 17, 'ai.onnx.ml': 3 },
    inputs: [{ name: 'x', shape: ROW }],
    outputs: [
      { name: 'score', shape: ['N', 1] },
      { name: 'echo', shape: ROW },
    ],
    nodes: [
      { type: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['score'], attributes },
      add('x', 'x', 'echo'),
    ],
  });
}

function floatsAttribute(name: string, values: readonly number[]): Buffer {
  const FLOATS = 6;
  const fields = values.map((value) => {
    const bytes = Buffer.from([0x3d, 0, 0, 0, 0]); // field 7, 32 bits
    bytes.writeFloatLE(value, 1);
    return bytes;
  });
  return attribute(name, FLOATS, fields);
}

/** Three inputs, the second dimension of two of them open. */
function pair(): Buffer {
  const open = ['N', 'K'] as const;
  return buildOnnx({
    inputs: [
      { name: 'a', shape: open },
      { name: 'b', shape: open },
      { name: 'key', type: INT64, shape: ['N', 1] },
    ],
    outputs: [
      { name: 'sum', shape: open },
      { name: 'difference', shape: open },
      { name: 'keys', type: INT64, shape: ['N', 1] },
    ],
    nodes: [
      add('a', 'b', 'sum'),
      { type: 'Sub', inputs: ['a', 'b'], outputs: ['difference'] },
      add('key', 'key', 'keys'),
    ],
  });
}

/** Text that is a number: as it is, and its value. The run fails for any other text. */
function text(): Buffer {
  return buildOnnx({
    inputs: [{ name: 'text', type: STRING, shape: ['N', 1] }],
    outputs: [
      { name: 'echo', type: STRING, shape: ['N', 1] },
      { name: 'value', shape: ['N', 1] },
    ],
    nodes: [
      { type: 'Identity', inputs: ['text'], outputs: ['echo'] },
      { type: 'Cast', inputs: ['text'], outputs: ['value'], attributes: [intAttribute('to', FP32)] },
    ],
  });
}

/** The configurations of the models of `traffic-models`. */
export interface TrafficConfigs {
  /** All models but `hot`. */
  readonly steady: ModelConfig[];

  /** Version 1 of `hot` by what it multiplies by, and version 2. */
  readonly hot: { readonly two: ModelConfig; readonly three: ModelConfig; readonly five: ModelConfig };
}

/** Writes the files of the models into a directory. */
export function trafficConfigs(directory: string): TrafficConfigs {
  const hot = (file: string, factor: 2 | 3 | 5, version: string) =>
    written(directory, file, product(factor), { name: 'hot', version });
  return {
    steady: [
      written(directory, 'forest', forest()),
      fixture('slow.onnx', { name: 'heavy' }),
      written(directory, 'one', product(3, 1)),
      written(directory, 'pair', pair()),
      written(directory, 'text', text(), { warmUp: { runs: 3, request: { instances: [['1'], ['2']] } } }),
      written(directory, 'cached', product(2), { cache: { maxBytes: 100_000, maxAgeMillis: 60_000 } }),
    ],
    hot: { two: hot('two', 2, '1'), three: hot('three', 3, '1'), five: hot('five', 5, '2') },
  };
}

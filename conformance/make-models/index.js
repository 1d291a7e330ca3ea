// Makes the models of the pack: node conformance/make-models [directory].
// Every file is the same on every run. Nothing is needed but Node.
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { attribute, buildModel, constant, graph, node, value } = require('./onnx');

const ROWS = 'N';

/** Element types of ONNX by datatype of the Open Inference Protocol. */
const TYPES = {
  BOOL: 9,
  INT8: 3,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  UINT8: 2,
  UINT16: 4,
  UINT32: 12,
  UINT64: 13,
  FP16: 10,
  BF16: 16,
  FP32: 1,
  FP64: 11,
  BYTES: 8,
};

const { FP32, INT32, INT64, BOOL, BYTES } = TYPES;

/** Gives back its input, [N, 2]. */
function identity(type) {
  return buildModel({
    inputs: [value('INPUT', type, [ROWS, 2])],
    outputs: [value('OUTPUT', type, [ROWS, 2])],
    nodes: [node('Identity', ['INPUT'], ['OUTPUT'])],
  });
}

/** Sum and difference of two inputs of 16 numbers a row. */
function simple() {
  const shape = [ROWS, 16];
  return buildModel({
    inputs: [value('INPUT0', INT32, shape), value('INPUT1', INT32, shape)],
    outputs: [value('OUTPUT0', INT32, shape), value('OUTPUT1', INT32, shape)],
    nodes: [node('Add', ['INPUT0', 'INPUT1'], ['OUTPUT0']), node('Sub', ['INPUT0', 'INPUT1'], ['OUTPUT1'])],
  });
}

/** The same for numbers that are written as text. */
function simpleString() {
  const shape = [ROWS, 16];
  const cast = (from, to, type) => node('Cast', [from], [to], [attribute.int('to', type)]);
  return buildModel({
    inputs: [value('INPUT0', BYTES, shape), value('INPUT1', BYTES, shape)],
    outputs: [value('OUTPUT0', BYTES, shape), value('OUTPUT1', BYTES, shape)],
    nodes: [
      cast('INPUT0', 'number0', INT32),
      cast('INPUT1', 'number1', INT32),
      node('Add', ['number0', 'number1'], ['sum']),
      node('Sub', ['number0', 'number1'], ['difference']),
      cast('sum', 'OUTPUT0', BYTES),
      cast('difference', 'OUTPUT1', BYTES),
    ],
  });
}

/** Logistic regression of the iris flowers: four measures in centimetres to the class and its probabilities. */
function iris() {
  const weights = [-0.424, 0.534, -0.111, 0.967, -0.322, -0.646, -2.517, -0.206, 2.724, -1.079, -0.944, 2.024];
  return buildModel({
    inputs: [value('features', FP32, [ROWS, 4])],
    outputs: [value('label', INT64, [ROWS]), value('probabilities', FP32, [ROWS, 3])],
    nodes: [
      node('Gemm', ['features', 'weights', 'bias'], ['scores']),
      node('Softmax', ['scores'], ['probabilities'], [attribute.int('axis', 1)]),
      node('ArgMax', ['scores'], ['label'], [attribute.int('axis', 1), attribute.int('keepdims', 0)]),
    ],
    constants: [constant('weights', FP32, [4, 3], weights), constant('bias', FP32, [3], [9.85, 2.237, -12.087])],
  });
}

/** Multiplies by a number, so that versions can be told apart. */
function times(factor) {
  return buildModel({
    inputs: [value('INPUT', FP32, [ROWS, 2])],
    outputs: [value('OUTPUT', FP32, [ROWS, 2])],
    nodes: [node('Mul', ['INPUT', 'factor'], ['OUTPUT'])],
    constants: [constant('factor', FP32, [], [factor])],
  });
}

/** Rank 1: one number a row. */
function vector() {
  return buildModel({
    inputs: [value('INPUT', FP32, [ROWS])],
    outputs: [value('OUTPUT', FP32, [ROWS])],
    nodes: [node('Add', ['INPUT', 'INPUT'], ['OUTPUT'])],
  });
}

/** Rank 3, summed over its last axis. */
function cube() {
  return buildModel({
    inputs: [value('INPUT', FP32, [ROWS, 2, 3])],
    outputs: [value('OUTPUT', FP32, [ROWS, 2])],
    nodes: [node('ReduceSum', ['INPUT', 'axis'], ['OUTPUT'], [attribute.int('keepdims', 0)])],
    constants: [constant('axis', INT64, [1], [-1])],
  });
}

/** One row and no other number of them. */
function oneRow() {
  return buildModel({
    inputs: [value('INPUT', FP32, [1, 4])],
    outputs: [value('OUTPUT', FP32, [1, 4])],
    nodes: [node('Add', ['INPUT', 'INPUT'], ['OUTPUT'])],
  });
}

/** Looks a row up in a table of four; the run fails for an index of 4 and above. */
function table() {
  return buildModel({
    inputs: [value('INDEX', INT64, [ROWS])],
    outputs: [value('ROW', FP32, [ROWS, 2])],
    nodes: [node('Gather', ['table', 'INDEX'], ['ROW'])],
    constants: [constant('table', FP32, [4, 2], [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5])],
  });
}

/**
 * Gives back its one row after about 10 ms of one core, so that requests cannot share a run: two matrices are multiplied in a loop, which the engine does not
 * fold. Their product is 1 everywhere, exactly.
 */
function slow() {
  const size = 128;
  const body = graph({
    inputs: [value('trip', INT64, []), value('go_on', BOOL, []), value('state', FP32, [size, size])],
    outputs: [value('still_go_on', BOOL, []), value('next_state', FP32, [size, size])],
    nodes: [node('MatMul', ['state', 'shares'], ['next_state']), node('Identity', ['go_on'], ['still_go_on'])],
  });
  const filled = (name, fill) =>
    node('ConstantOfShape', ['shape'], [name], [attribute.tensor('value', constant('', FP32, [1], [fill]))]);
  return buildModel({
    inputs: [value('INPUT', FP32, [1, 2])],
    outputs: [value('OUTPUT', FP32, [1, 2])],
    nodes: [
      filled('ones', 1),
      filled('shares', 1 / size),
      node('Loop', ['trips', 'yes', 'ones'], ['product'], [attribute.graph('body', body)]),
      node('ReduceMean', ['product'], ['one'], [attribute.int('keepdims', 0)]),
      node('Mul', ['INPUT', 'one'], ['OUTPUT']),
    ],
    constants: [
      constant('shape', INT64, [2], [size, size]),
      constant('trips', INT64, [], [400]),
      constant('yes', BOOL, [], [1]),
    ],
  });
}

/** Bytes of each file by its path, in the layout `models/<model>/<version>/model.onnx`. */
function makeModels() {
  const models = {
    ...Object.fromEntries(
      Object.entries(TYPES).map(([datatype, type]) => [`identity_${datatype.toLowerCase()}/1`, identity(type)]),
    ),
    'simple/1': simple(),
    'simple_string/1': simpleString(),
    'iris/1': iris(),
    'versions/1': times(1),
    'versions/2': times(2),
    'vector/1': vector(),
    'cube/1': cube(),
    'one_row/1': oneRow(),
    'table/1': table(),
    'slow/1': slow(),
  };
  const broken = models['simple/1'].subarray(0, 100);
  return {
    ...Object.fromEntries(Object.entries(models).map(([path, bytes]) => [`models/${path}/model.onnx`, bytes])),
    // Half a file: a model that is there and never ready. Apart, because a server with it is not ready as a whole.
    'models-not-ready/broken/1/model.onnx': broken,
  };
}

module.exports = { makeModels };

if (require.main === module) {
  const directory = process.argv[2] ?? join(__dirname, '..');
  for (const [path, bytes] of Object.entries(makeModels())) {
    const file = join(directory, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, bytes);
  }
}

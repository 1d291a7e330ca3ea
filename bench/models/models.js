/* The models that are served, each with one input of float32 rows. */
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { CACHE } = require('../harness/cache');

const ROOT = join(__dirname, '../..');

const MODELS = {
  iris: {
    title: 'random forest, 4 features',
    path: join(ROOT, 'examples/iris/models/iris-v1.onnx'),
    input: 'features',
  },
  wide: { title: 'perceptron 512-1024-1024-10', path: join(CACHE, 'models/mlp-512.onnx'), input: 'input' },
  heavy: { title: '8 convolutions of 16 x 16 x 64', path: join(CACHE, 'models/heavy.onnx'), input: 'input' },
};
const FEATURES = { iris: 4, wide: 512, heavy: 256 };

/** A model: what it is, its file, the name of its input and the number of its features. */
exports.findModel = (name) => {
  const model = { ...MODELS[name], features: FEATURES[name] };
  if (!existsSync(model.path)) {
    throw new Error(`${model.path} is missing: run bench/models/setup.sh`);
  }
  return model;
};

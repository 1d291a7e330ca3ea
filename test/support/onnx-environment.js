const { TestEnvironment } = require('jest-environment-node');

// Jest gives every test file a global object of its own, and with it other typed arrays than those which native code
// makes. onnxruntime checks its tensors with instanceof, so tests that run models share the typed arrays of the process.
const SHARED = [
  'Int8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
];

module.exports = class OnnxEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of SHARED) {
      if (globalThis[name] !== undefined) {
        this.global[name] = globalThis[name];
      }
    }
  }
};

/* The configuration of the predictor, as the library writes it into a pod. */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { CACHE } = require('./cache');

/** Writes the configuration for one model, all else left to its default; returns the path of the file. */
exports.writeConfig = (model, { http, grpc, metrics }) => {
  const directory = join(CACHE, 'configs');
  mkdirSync(directory, { recursive: true });
  const sha256 = createHash('sha256').update(readFileSync(model.path)).digest('hex');
  const config = {
    schema: 'model-serving/v1',
    models: [{ name: 'iris', version: 'v1', format: 'onnx', path: model.path, sha256, warmUp: { runs: 10 } }],
    server: {
      httpPort: http,
      grpcPort: grpc,
      metricsPort: metrics,
      maxBodyBytes: 1024 * 1024,
      requestTimeoutMillis: 30_000,
      drainTimeoutMillis: 30_000,
    },
  };
  const file = join(directory, `${http}.json`);
  writeFileSync(file, JSON.stringify(config));
  return file;
};

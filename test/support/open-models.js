// Opens models one after the other through the loader of the runtime, as a process of its own:
// node open-models.js FILE, with a model in base64 on each line of FILE. Prints what became of each as a line of JSON.
const { createHash } = require('node:crypto');
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

require('tsx/cjs');
const { loadModel, ModelError } = require('../../runtime/src/model');
const { createLogger } = require('../../runtime/src/telemetry');

const logger = createLogger({ level: 'silent' });
const directory = mkdtempSync(join(tmpdir(), 'model-serving-test-'));

/** Opens a model and closes it; the error that it was refused with. */
async function open(bytes) {
  const path = join(directory, 'model.onnx');
  writeFileSync(path, bytes);
  const config = {
    name: 'mutated',
    version: '1',
    format: 'onnx',
    path,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    warmUp: { runs: 1 },
  };
  try {
    const { session } = await loadModel(config, { logger, threads: 1, inlineSeconds: Number.POSITIVE_INFINITY });
    await session.close();
    return { outcome: 'loaded' };
  } catch (error) {
    return {
      outcome: error instanceof ModelError ? 'refused' : 'unexpected',
      error: `${error.name}: ${error.message}`,
    };
  }
}

function remove() {
  rmSync(directory, { recursive: true, force: true });
}

async function main() {
  const models = readFileSync(process.argv[2], 'utf8').split('\n');
  for (const [number, model] of models.entries()) {
    const started = performance.now();
    const result = await open(Buffer.from(model, 'base64'));
    const millis = Math.round(performance.now() - started);
    const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
    process.stdout.write(`${JSON.stringify({ number, ...result, millis, megabytes })}\n`);
  }
}

main().then(remove, (error) => {
  remove();
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});

/**
 * One measured program: N online models in one chart, or the same objects as plain ApiObjects.
 * Prints {"millis", "objects", "bytes"}; what comes before the clock (imports, content of the plain objects) is not in it.
 */
const { mkdtempSync, readdirSync, rmSync, statSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { ApiObject, App, Chart } = require('cdk8s');
const { Model, ModelSource, OnlineModel } = require('../../build');

const [kind, count] = [process.argv[2], Number(process.argv[3])];
const outdir = mkdtempSync(join(tmpdir(), 'bench-synth-'));

const millis = { models, plain }[kind]();
const bytes = readdirSync(outdir).reduce((sum, file) => sum + statSync(join(outdir, file)).size, 0);
rmSync(outdir, { recursive: true });
process.stdout.write(JSON.stringify({ millis, bytes }));

function models() {
  const start = performance.now();
  const app = new App({ outdir });
  declare(new Chart(app, 'models', { namespace: 'ml' }), count);
  app.synth();
  return performance.now() - start;
}

function plain() {
  const source = new App({ outdir });
  const chart = new Chart(source, 'models', { namespace: 'ml' });
  declare(chart, count);
  const objects = chart.toJson();
  const start = performance.now();
  const app = new App({ outdir });
  const target = new Chart(app, 'models', { namespace: 'ml' });
  objects.forEach((content, index) => {
    new ApiObject(target, `object-${index}`, content);
  });
  app.synth();
  return performance.now() - start;
}

function declare(chart, models) {
  for (let index = 0; index < models; index++) {
    new OnlineModel(chart, `model-${index}`, {
      model: Model.onnx({
        name: `classifier-${index}`,
        version: 'v1',
        source: ModelSource.s3(`s3://models/classifier-${index}/v1/model.onnx`, { sha256: 'a'.repeat(64) }),
      }),
    });
  }
}

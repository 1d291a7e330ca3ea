/*
 * One measured program, in a process of its own:
 *
 *   node program.js models N          declares N online models in one chart and synthesizes them
 *   node program.js plain N FILE      does the same with the objects of FILE as plain ApiObjects
 *   node program.js content N FILE    writes the objects of N models to FILE
 *
 * Prints {"millis", "objects", "bytes"}. Imports, and reading FILE, are before the clock starts.
 */
const { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { ApiObject, App, Chart } = require('cdk8s');
const { Model, ModelSource, OnlineModel } = require('../../build');

const [kind, count, file] = [process.argv[2], Number(process.argv[3]), process.argv[4]];

if (kind === 'content') {
  const chart = newChart(new App());
  declareModels(chart);
  writeFileSync(file, JSON.stringify(chart.toJson()));
} else if (kind === 'models') {
  measure(declareModels);
} else {
  const objects = JSON.parse(readFileSync(file, 'utf8'));
  measure((chart) => {
    objects.forEach((object, index) => {
      new ApiObject(chart, `object-${index}`, object);
    });
  });
}

function measure(declare) {
  const outdir = mkdtempSync(join(tmpdir(), 'bench-synth-'));
  const start = performance.now();
  const app = new App({ outdir });
  const chart = newChart(app);
  declare(chart);
  app.synth();
  const millis = performance.now() - start;
  const bytes = readdirSync(outdir).reduce((sum, name) => sum + statSync(join(outdir, name)).size, 0);
  const objects = chart.node.findAll().filter(ApiObject.isApiObject).length;
  rmSync(outdir, { recursive: true });
  process.stdout.write(JSON.stringify({ millis, objects, bytes }));
}

function newChart(app) {
  return new Chart(app, 'models', { namespace: 'ml' });
}

function declareModels(chart) {
  for (let index = 0; index < count; index++) {
    new OnlineModel(chart, `model-${index}`, {
      model: Model.onnx({
        name: `classifier-${index}`,
        version: 'v1',
        source: ModelSource.s3(`s3://models/classifier-${index}/v1/model.onnx`, { sha256: 'a'.repeat(64) }),
      }),
    });
  }
}

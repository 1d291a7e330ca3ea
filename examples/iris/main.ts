import { join } from 'node:path';
import { App, Chart } from 'cdk8s';
import { Model, ModelSource, OnlineModel } from 'cdk8s-model-serving';

const app = new App();
const chart = new Chart(app, 'iris', { namespace: 'ml-serving' });

for (const version of ['v1', 'v2']) {
  new OnlineModel(chart, version, {
    model: Model.onnx({
      name: 'iris-classifier',
      version,
      source: ModelSource.file(join(__dirname, `models/iris-${version}.onnx`)),
    }),
  });
}

app.synth();

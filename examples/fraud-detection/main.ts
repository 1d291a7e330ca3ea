import { join } from 'node:path';
import { App, Chart, Duration, Size } from 'cdk8s';
import { Model, ModelSource, OnlineModel, Scaling, WarmUp } from 'cdk8s-model-serving';
import { Cpu } from 'cdk8s-plus-28';

const app = new App();
const chart = new Chart(app, 'fraud-detection', { namespace: 'ml-serving' });

new OnlineModel(chart, 'fraud', {
  model: Model.onnx({
    name: 'fraud-detector',
    version: '2026-11-01',
    source: ModelSource.file(join(__dirname, 'models/fraud-detector.onnx')),
  }),
  // A card payment waits for the answer.
  latencyBudget: Duration.millis(100),
  // Real transactions: the first customer after a release is as fast as the thousandth.
  warmUp: WarmUp.samples(join(__dirname, 'warm-up.json'), { runs: 20 }),
  resources: { cpu: Cpu.units(1), memory: Size.mebibytes(256) },
  scaling: Scaling.onCpu({ targetUtilization: 60, minReplicas: 2, maxReplicas: 20 }),
});

app.synth();

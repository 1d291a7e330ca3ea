import { join } from 'node:path';
import { App, Chart, Duration } from 'cdk8s';
import {
  CanaryRollout,
  CanaryStep,
  Guardrail,
  MissingData,
  Model,
  ModelGateway,
  ModelSource,
  OnlineModel,
} from 'cdk8s-model-serving';

const app = new App();
const chart = new Chart(app, 'iris', { namespace: 'ml-serving' });

const gateway = new ModelGateway(chart, 'gateway');
const iris = (version: string, file: string) =>
  new OnlineModel(chart, version, {
    gateway,
    model: Model.onnx({ name: 'iris-classifier', version, source: ModelSource.file(join(__dirname, file)) }),
  });

const stable = iris('v1', '../iris/models/iris-v1.onnx');
const candidate =
  process.env.CANDIDATE === 'v3'
    ? iris('v3', 'models/iris-v3.onnx') // broken on purpose: it calls every virginica a versicolor
    : iris('v2', '../iris/models/iris-v2.onnx');

new CanaryRollout(chart, 'rollout', {
  gateway,
  stable,
  candidate,
  steps: [
    CanaryStep.shadow({ percent: 100, comparePercent: 50, minSamples: 500 }),
    CanaryStep.weight(10, { minDuration: Duration.minutes(10), minSamples: 1000 }),
    CanaryStep.weight(50, { minDuration: Duration.minutes(30), minSamples: 5000 }),
    CanaryStep.pause(), // a person promotes
  ],
  guardrails: [
    Guardrail.errorRate({ max: 0.01 }),
    Guardrail.errorRateIncrease({ margin: 0.005 }),
    Guardrail.latency({ budget: Duration.millis(100), maxShareOver: 0.01 }),
    Guardrail.disagreement({ max: 0.15, tolerance: 0.5 }), // v1 and v2 differ on 6 % of the flowers
  ],
  expectedRps: 50,
  onMissingData: MissingData.hold({ atMost: Duration.hours(1) }),
});

app.synth();

/**
 * The declaration of the demonstration: examples/iris-canary with seconds in place of minutes, and one replica of everything.
 * STABLE and CANDIDATE name the versions.
 */

const { join } = require('node:path');
const { App, Chart, Duration } = require('cdk8s');
const {
  CanaryRollout,
  CanaryStep,
  Guardrail,
  Model,
  ModelGateway,
  ModelSource,
  OnlineModel,
} = require('cdk8s-model-serving');

const EXAMPLES = join(__dirname, '../../examples');
const FILES = {
  v1: 'iris/models/iris-v1.onnx',
  v2: 'iris/models/iris-v2.onnx',
  v3: 'iris-canary/models/iris-v3.onnx', // calls every virginica a versicolor
};

const { STABLE = 'v1', CANDIDATE = 'v2', CDK8S_OUTDIR: outdir } = process.env;
const app = new App({ outdir });
const chart = new Chart(app, 'iris', { namespace: 'ml-serving' });
const gateway = new ModelGateway(chart, 'gateway', { replicas: 1, accessLog: false });

const [stable, candidate] = [STABLE, CANDIDATE].map(
  (version) =>
    new OnlineModel(chart, version, {
      gateway,
      replicas: 1,
      model: Model.onnx({
        name: 'iris-classifier',
        version,
        source: ModelSource.file(join(EXAMPLES, FILES[version])),
      }),
    }),
);

const seconds = Duration.seconds;
new CanaryRollout(chart, 'rollout', {
  gateway,
  stable,
  candidate,
  steps: [
    CanaryStep.shadow({ percent: 100, comparePercent: 50, minSamples: 200 }),
    CanaryStep.weight(10, { minDuration: seconds(4), minSamples: 30 }),
    CanaryStep.weight(50, { minDuration: seconds(4), minSamples: 200 }),
  ],
  guardrails: [
    Guardrail.errorRate({ max: 0.05, minSamples: 50 }),
    Guardrail.latency({ budget: seconds(1), maxShareOver: 0.2, minSamples: 50 }),
    Guardrail.disagreement({ max: 0.15, tolerance: 0.5 }), // v1 and v2 differ on 6 % of the flowers
  ],
  interval: seconds(1),
});

app.synth();

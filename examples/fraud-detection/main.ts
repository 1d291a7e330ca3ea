import { join } from 'node:path';
import { App, Chart, Duration, Size } from 'cdk8s';
import {
  Authentication,
  Batching,
  Fallback,
  FeatureLookup,
  Model,
  ModelSource,
  OnlineModel,
  PredictionLog,
  ResponseCache,
  Scaling,
  WarmUp,
} from 'cdk8s-model-serving';
import { Cpu, Secret } from 'cdk8s-plus-28';
import { DemoRedis } from './redis';

const app = new App();
const chart = new Chart(app, 'fraud-detection', { namespace: 'ml-serving' });

new OnlineModel(chart, 'fraud', {
  model: Model.onnx({
    name: 'fraud-detector',
    version: '2026-11-01',
    source: ModelSource.file(join(__dirname, 'models/fraud-detector.onnx')),
  }),
  // A card payment waits for the answer: what would come later is refused at once.
  latencyBudget: Duration.millis(100),
  // The shop sends the payment and the card; what the card did before comes from Redis. 0 = a card without history.
  features: FeatureLookup.redis({
    address: 'redis.ml-serving:6379',
    entity: 'card_id',
    features: ['amount_avg_7d', 'tx_count_1h'],
    defaults: { amount_avg_7d: 0, tx_count_1h: 0 },
    timeout: Duration.millis(10),
  }),
  batching: Batching.dynamic({ maxBatchSize: 64 }),
  // The same payment, tried again a second later.
  cache: ResponseCache.inMemory({ maxSize: Size.mebibytes(8), maxAge: Duration.seconds(10) }),
  // Undecided: the shop asks for a second factor.
  fallback: Fallback.prediction({ label: 0, probabilities: [0.5, 0.5] }),
  // Nothing larger than a thousand payments of eight values.
  maxBodySize: Size.kibibytes(512),
  limits: { maxElements: 8000, maxConnections: 2000, maxQueuedRequests: 512, maxResponseSize: Size.mebibytes(1) },
  // Every decision can be explained later; who paid stays out of the log.
  predictionLog: PredictionLog.file({ redact: ['card_id'] }),
  authentication: Authentication.apiKeys(Secret.fromSecretName(chart, 'keys', 'fraud-api-keys')),
  // Real transactions: the first customer after a release is as fast as the thousandth.
  warmUp: WarmUp.samples(join(__dirname, 'warm-up.json'), { runs: 20 }),
  resources: { cpu: Cpu.units(1), memory: Size.mebibytes(256) },
  scaling: Scaling.onCpu({ targetUtilization: 60, minReplicas: 2, maxReplicas: 20 }),
});

new DemoRedis(app, 'redis', { namespace: 'ml-serving' });

app.synth();

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Chart, Duration, Size } from 'cdk8s';
import {
  BatchJob,
  Dataset,
  Model,
  ModelGateway,
  ModelSource,
  PredictionColumn,
  PredictionLookup,
  PredictionSink,
  Schedule,
} from 'cdk8s-model-serving';
import { Cpu } from 'cdk8s-plus-28';
import { DemoRedis } from './redis';

/** Where the tables are: a volume here, `s3://…`, `gs://…` or Azure Blob in a cluster. */
const WAREHOUSE = process.env.WAREHOUSE ?? 'pvc://warehouse';

const products: string[] = JSON.parse(readFileSync(join(__dirname, 'products.json'), 'utf8'));

const app = new App();
const chart = new Chart(app, 'product-recommendations', { namespace: 'ml-serving' });
const gateway = new ModelGateway(chart, 'gateway');

// Every hour, for a million users: too much to compute while somebody waits, and soon enough.
const recommend = new BatchJob(chart, 'recommend', {
  model: Model.onnx({
    name: 'product-recommender',
    version: '2026-11-22',
    source: ModelSource.file(join(__dirname, 'models/product-recommender.onnx')),
  }),
  schedule: Schedule.hourly({ timeZone: 'Europe/Berlin' }),
  input: Dataset.parquet(`${WAREHOUSE}/users/*.parquet`),
  features: {
    features: [
      ...['age', 'tenure_days', 'visits_30d', 'orders_90d', 'basket_value', 'discount_share'],
      ...['spend_books', 'spend_garden', 'spend_kitchen', 'spend_outdoor', 'spend_toys', 'spend_music'],
    ],
  },
  passThrough: ['user_id', 'country'],
  predictions: [PredictionColumn.topK('products', { output: 'scores', k: 5, classes: products })],
  outputs: [
    PredictionSink.parquet(`${WAREHOUSE}/recommendations`),
    // Twice the time between two runs: one may fail. Redis holds as many runs at a time.
    PredictionSink.redis({ address: 'redis.ml-serving:6379', key: 'user_id', timeToLive: Duration.hours(2) }),
  ],
  shards: 4,
  parallelism: 2,
  // A user with a broken row gets no recommendation; more than one in a thousand means that the table is broken.
  maxErrorRatio: 0.001,
  partRows: 125_000,
  resources: { cpu: Cpu.units(1), memory: Size.mebibytes(768) },
  scratchSize: Size.gibibytes(1),
  metadata: { name: 'recommend-products' },
});

// The shop asks as it would ask a model, and gets the answer of the last complete run in a millisecond or two.
new PredictionLookup(chart, 'recommendations', {
  job: recommend,
  gateway,
  // Somebody new: what everybody likes.
  defaultPrediction: { products: ['books-01', 'garden-01', 'kitchen-01', 'toys-01', 'music-01'] },
});

new DemoRedis(app, 'redis', { namespace: 'ml-serving' });

app.synth();

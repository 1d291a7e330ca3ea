import { join } from 'node:path';
import { App, Chart, Duration } from 'cdk8s';
import {
  BatchJob,
  Dataset,
  Model,
  ModelSource,
  OnlineModel,
  PredictionColumn,
  PredictionSink,
  Schedule,
} from 'cdk8s-model-serving';

/** Where the tables are: a volume here, `s3://…`, `gs://…` or Azure Blob in a cluster. */
const WAREHOUSE = process.env.WAREHOUSE ?? 'pvc://warehouse';

const app = new App();
const chart = new Chart(app, 'credit-scoring', { namespace: 'ml-serving' });

const scorer = Model.onnx({
  name: 'credit-scorer',
  version: '2026-11-22',
  source: ModelSource.file(join(__dirname, 'models/credit-scorer.onnx')),
});

// A clerk decides while the customer waits.
new OnlineModel(chart, 'decisions', { model: scorer, latencyBudget: Duration.millis(200) });

// The risk report has every application of the day: the same model, so the same number for the same application.
new BatchJob(chart, 'report', {
  model: scorer,
  schedule: Schedule.daily({ timeZone: 'Europe/Berlin', hour: 23, minute: 30 }),
  input: Dataset.csv(`${WAREHOUSE}/applications/{date}.csv`),
  outputs: [PredictionSink.csv(`${WAREHOUSE}/risk-report`)],
  passThrough: ['application_id', 'branch'],
  predictions: [
    PredictionColumn.value('label'),
    PredictionColumn.element('default_probability', { output: 'probabilities', element: 1 }),
  ],
  metadata: { name: 'risk-report' },
});

app.synth();

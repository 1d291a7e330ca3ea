import { join } from 'node:path';
import { App, Chart, Duration } from 'cdk8s';
import {
  Batching,
  Delivery,
  EventSink,
  EventSource,
  InputFields,
  Model,
  ModelSource,
  Scaling,
  StreamingConsumer,
} from 'cdk8s-model-serving';
import { DemoKafka } from './kafka';

const KAFKA = 'kafka.ml-serving:9092';

/** With KEDA in the cluster: as many replicas as the lag needs. */
const HAS_KEDA = process.env.KEDA === 'true';

const app = new App();
const chart = new Chart(app, 'log-anomaly', { namespace: 'ml-serving' });

new StreamingConsumer(chart, 'anomaly', {
  model: Model.onnx({
    name: 'log-anomaly',
    version: '2026-11-30',
    source: ModelSource.file(join(__dirname, 'models/log-anomaly.onnx')),
  }),
  source: EventSource.kafka({ bootstrapServers: KAFKA, topic: 'logs', group: 'log-anomaly', partitions: 12 }),
  sink: EventSink.kafka({ bootstrapServers: KAFKA, topic: 'anomalies' }),
  // A line that is broken goes here, with the reason in its headers; one in ten, and the consumer stops.
  deadLetter: EventSink.kafka({ bootstrapServers: KAFKA, topic: 'logs.dead-letter' }),
  delivery: Delivery.exactlyOnce(),
  inputs: {
    features: InputFields.of([
      ...['duration_ms', 'queue_ms', 'request_bytes', 'response_bytes'],
      ...['status', 'retries', 'cpu_percent', 'memory_mb'],
    ]),
  },
  passThrough: { id: 'id', host: 'host' },
  batching: Batching.dynamic({ maxBatchSize: 500, maxDelay: Duration.millis(50) }),
  scaling: HAS_KEDA ? Scaling.onLag({ target: 1000, minReplicas: 2, maxReplicas: 12 }) : Scaling.fixed(2),
  metadata: { name: 'log-anomaly' },
});

new DemoKafka(app, 'kafka', {
  namespace: 'ml-serving',
  topics: ['logs', 'anomalies', 'logs.dead-letter'],
  partitions: 12,
});

app.synth();

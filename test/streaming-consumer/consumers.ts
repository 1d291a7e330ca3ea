import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Chart } from 'cdk8s';
import {
  EventSink,
  EventSource,
  InputFields,
  type KafkaSinkOptions,
  type KafkaSourceOptions,
  Model,
  ModelSource,
  type NatsSinkOptions,
  type NatsSourceOptions,
  type RedisStreamSinkOptions,
  type RedisStreamSourceOptions,
  StreamingConsumer,
  type StreamingConsumerProps,
} from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import { type Manifest, newChart, only, remoteModel } from '../support/manifests';
import { buildOnnx } from '../support/onnx-builder';
import { temporaryDirectory } from '../support/temporary';

type Tensors = Parameters<typeof buildOnnx>[0]['inputs'];

const directory = temporaryDirectory();
let files = 0;

/** Element types of ONNX. */
export const FLOAT = 1;
export const INT64 = 7;

/** A model whose file has such inputs and outputs. */
export function knownModel(inputs: Tensors, outputs: Tensors, name: string = 'anomaly'): Model {
  const path = join(directory, `model-${files++}.onnx`);
  writeFileSync(path, buildOnnx({ inputs, nodes: [], outputs }));
  return Model.onnx({ name, version: 'v1', source: ModelSource.file(path) });
}

/** A key of a Secret. */
export const secretValue = (key: string = 'password') => ({
  secret: Secret.fromSecretName(newChart(), 'secret', 'broker'),
  key,
});

export const kafkaSource = (options: Partial<KafkaSourceOptions> = {}): EventSource =>
  EventSource.kafka({ bootstrapServers: 'kafka:9092', topic: 'logs', group: 'log-anomaly', ...options });
export const kafkaSink = (options: Partial<KafkaSinkOptions> = {}): EventSink =>
  EventSink.kafka({ bootstrapServers: 'kafka:9092', topic: 'anomalies', ...options });
export const redisSource = (options: Partial<RedisStreamSourceOptions> = {}): EventSource =>
  EventSource.redisStream({ address: 'redis.ml:6379', stream: 'logs', group: 'log-anomaly', ...options });
export const redisSink = (options: Partial<RedisStreamSinkOptions> = {}): EventSink =>
  EventSink.redisStream({ address: 'redis.ml:6379', stream: 'anomalies', ...options });
export const natsSource = (options: Partial<NatsSourceOptions> = {}): EventSource =>
  EventSource.nats({ servers: 'nats://nats:4222', stream: 'LOGS', consumer: 'log-anomaly', ...options });
export const natsSink = (options: Partial<NatsSinkOptions> = {}): EventSink =>
  EventSink.nats({ servers: 'nats://nats:4222', subject: 'anomalies', ...options });

/** The plainest consumer: a model whose file is far away, Kafka in, Kafka out. */
export function consumerProps(props: Partial<StreamingConsumerProps> = {}): StreamingConsumerProps {
  return {
    model: remoteModel(),
    source: kafkaSource(),
    sink: kafkaSink(),
    inputs: { x: InputFields.of(['duration_ms', 'size']) },
    ...props,
  };
}

/** A chart with such a consumer, and nothing else. */
export function chartWith(props: Partial<StreamingConsumerProps> = {}): Chart {
  const chart = newChart();
  new StreamingConsumer(chart, 'consumer', consumerProps(props));
  return chart;
}

/** Objects of a consumer. */
export function synthesizeConsumer(props: Partial<StreamingConsumerProps> = {}): Manifest[] {
  return chartWith(props).toJson();
}

/** The Deployment, or the StatefulSet. */
export function workloadOf(objects: Manifest[]): Manifest {
  return objects.find(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
}

/** `spec` of the pods. */
export function podOf(objects: Manifest[]): Manifest {
  return workloadOf(objects).spec.template.spec;
}

/** The configuration of a consumer. */
export function streamConfigOf(objects: Manifest[]): Manifest {
  return JSON.parse(only(objects, 'ConfigMap', '-config-').data['config.json']);
}

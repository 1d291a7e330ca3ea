import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Chart } from 'cdk8s';
import { Duration } from 'cdk8s';
import {
  BatchJob,
  type BatchJobProps,
  Dataset,
  Model,
  ModelSource,
  PredictionLookup,
  type PredictionLookupProps,
  PredictionSink,
  type RedisSinkOptions,
} from 'cdk8s-model-serving';
import { type Manifest, newChart, only, remoteModel } from '../support/manifests';
import { buildOnnx } from '../support/onnx-builder';
import { temporaryDirectory } from '../support/temporary';

type Tensors = Parameters<typeof buildOnnx>[0]['inputs'];

const directory = temporaryDirectory();
let files = 0;

/** Element types of ONNX. */
export const FLOAT = 1;
export const INT64 = 7;
export const STRING = 8;

/** A model whose file has such inputs and outputs. */
export function knownModel(inputs: Tensors, outputs: Tensors): Model {
  const path = join(directory, `model-${files++}.onnx`);
  writeFileSync(path, buildOnnx({ inputs, nodes: [], outputs }));
  return Model.onnx({ name: 'churn', version: 'v1', source: ModelSource.file(path) });
}

/** A table in Redis. */
export const redisSink = (options: Partial<RedisSinkOptions> = {}): PredictionSink =>
  PredictionSink.redis({ address: 'redis.ml:6379', key: 'id', timeToLive: Duration.days(2), ...options });

/** The plainest job: a model whose file is far away, files in, files out. */
export function jobProps(props: Partial<BatchJobProps> = {}): BatchJobProps {
  return {
    model: remoteModel(),
    input: Dataset.parquet('s3://warehouse/users/*.parquet'),
    outputs: [PredictionSink.parquet('s3://warehouse/churn')],
    features: { x: ['age', 'income'] },
    ...props,
  };
}

/** A chart with such a job, and nothing else. */
export function chartWith(props: Partial<BatchJobProps> = {}): Chart {
  const chart = newChart();
  new BatchJob(chart, 'job', jobProps(props));
  return chart;
}

/** Objects of a job. */
export function synthesizeJob(props: Partial<BatchJobProps> = {}): Manifest[] {
  return chartWith(props).toJson();
}

/** `spec` of the Job, also of one that a CronJob makes. */
export function jobSpecOf(objects: Manifest[]): Manifest {
  const { kind, spec } = objects.find((object) => object.kind === 'Job' || object.kind === 'CronJob');
  return kind === 'Job' ? spec : spec.jobTemplate.spec;
}

/** The configuration of a job. */
export function jobConfigOf(objects: Manifest[]): Manifest {
  return JSON.parse(only(objects, 'ConfigMap', '-config-').data['config.json']);
}

/** A chart with a lookup, and the job that it belongs to. */
export function chartWithLookup(
  props: Partial<PredictionLookupProps> = {},
  job: Partial<BatchJobProps> = {},
): { chart: Chart; lookup: PredictionLookup } {
  const chart = newChart();
  const outputs = [PredictionSink.parquet('s3://warehouse/churn'), redisSink()];
  const recommend = new BatchJob(chart, 'job', jobProps({ outputs, ...job }));
  return { chart, lookup: new PredictionLookup(chart, 'lookup', { job: recommend, ...props }) };
}

/** Objects of a lookup, without those of its job. */
export function synthesizeLookup(
  props: Partial<PredictionLookupProps> = {},
  job: Partial<BatchJobProps> = {},
): Manifest[] {
  const { chart, lookup } = chartWithLookup(props, job);
  const name = lookup.service.name;
  return chart.toJson().filter(({ metadata }) => metadata.name === name || metadata.name.startsWith(`${name}-`));
}

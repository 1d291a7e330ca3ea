import { Duration, JsonPatch, Size } from 'cdk8s';
import {
  type BatchJobProps,
  Dataset,
  Ledger,
  NetworkPeer,
  PredictionColumn,
  PredictionSink,
  Schedule,
  SpotNodes,
  TaintEffect,
} from 'cdk8s-model-serving';
import { Cpu, EnvValue, ImagePullPolicy, Secret, ServiceAccount } from 'cdk8s-plus-28';
import { type Manifest, newChart, only, remoteModel, SHA256 } from '../support/manifests';
import { jobConfigOf, jobProps, jobSpecOf, redisSink, synthesizeJob } from './jobs';

/** A value for a property, and what the manifests must then have. */
interface PropertyTest<T> {
  readonly value: T;
  readonly expectations: (objects: Manifest[]) => void;
  /** Further properties that it needs. */
  readonly beside?: Partial<BatchJobProps>;
}

const IMAGE = `registry.example.com/runtime@sha256:${SHA256}`;
const HOURLY = Schedule.hourly({ timeZone: 'Europe/Berlin', minute: 5 });

const podOf = (objects: Manifest[]) => jobSpecOf(objects).template.spec;
const containerOf = (objects: Manifest[]) => podOf(objects).containers[0];

/** The manifests have a field of such a value. */
const job = (expected: object) => (objects: Manifest[]) => expect(jobSpecOf(objects)).toMatchObject(expected);
const config = (expected: object) => (objects: Manifest[]) => expect(jobConfigOf(objects)).toMatchObject(expected);
const pod = (expected: object) => (objects: Manifest[]) => expect(podOf(objects)).toMatchObject(expected);
const cronJob = (expected: object) => (objects: Manifest[]) =>
  expect(only(objects, 'CronJob').spec).toMatchObject(expected);

/** One test for each property: a new one without a test does not compile. */
const PROPERTIES: { [K in keyof Required<BatchJobProps>]: PropertyTest<Required<BatchJobProps>[K]> } = {
  model: {
    value: remoteModel({ name: 'Churn', version: '2026' }),
    expectations: (objects) => {
      expect(only(objects, 'Job').metadata.name).toMatch(/^churn-batch-[0-9a-f]{8}-[0-9a-f]{8}$/);
      expect(jobConfigOf(objects).models).toMatchObject([{ name: 'Churn', version: '2026', warmUp: { runs: 0 } }]);
    },
  },
  input: {
    value: Dataset.csv('gs://b/*.csv', { delimiter: ';', multiline: false }),
    expectations: config({
      input: { uri: 'gs://b/*.csv', format: 'csv', store: { type: 'gcs' }, csv: { delimiter: ';', multiline: false } },
    }),
  },
  outputs: {
    value: [PredictionSink.jsonLines('pvc://tables/churn/'), redisSink({ table: 'people', columns: ['y'] })],
    expectations: (objects) => {
      expect(jobConfigOf(objects).sinks).toEqual([
        { type: 'files', uri: '/volumes/tables/churn', store: { type: 'file' }, format: 'json-lines' },
        {
          type: 'redis',
          address: 'redis.ml:6379',
          table: 'people',
          key: 'id',
          columns: ['y'],
          timeToLiveMillis: 172_800_000,
        },
      ]);
      expect(podOf(objects).volumes).toContainEqual({
        name: 'table-1',
        persistentVolumeClaim: { claimName: 'tables' },
      });
      expect(containerOf(objects).volumeMounts).toContainEqual({ name: 'table-1', mountPath: '/volumes/tables' });
    },
  },
  features: {
    value: { x: ['a', 'b'], y: ['c'] },
    expectations: config({
      features: [
        { input: 'x', columns: ['a', 'b'] },
        { input: 'y', columns: ['c'] },
      ],
    }),
  },
  passThrough: { value: ['id'], expectations: config({ passThrough: ['id'] }) },
  predictions: {
    value: [
      PredictionColumn.value('label'),
      PredictionColumn.element('p', { output: 'scores', element: 1 }),
      PredictionColumn.topK('top', { output: 'scores', k: 2, classes: ['a', 'b', 'c'] }),
    ],
    expectations: config({
      predictions: [
        { name: 'label', kind: 'value', output: 'label' },
        { name: 'p', kind: 'element', output: 'scores', element: 1 },
        { name: 'top', kind: 'top-k', output: 'scores', k: 2, classes: ['a', 'b', 'c'] },
      ],
    }),
  },
  schedule: {
    value: HOURLY,
    expectations: (objects) => {
      cronJob({
        schedule: '5 * * * *',
        timeZone: 'Europe/Berlin',
        concurrencyPolicy: 'Forbid',
        startingDeadlineSeconds: 1800,
      })(objects);
      expect(jobSpecOf(objects).activeDeadlineSeconds).toBe(54 * 60);
      expect(jobSpecOf(objects)).not.toHaveProperty('ttlSecondsAfterFinished');
      expect(jobConfigOf(objects).timeZone).toBe('Europe/Berlin');
      expect(only(objects, 'CronJob').metadata.name).toMatch(/^iris-batch-[0-9a-f]{8}$/);
    },
  },
  run: { value: '2026-11-22', expectations: config({ run: '2026-11-22' }) },
  ledger: {
    value: Ledger.at('s3://ledgers/churn', { endpoint: 'http://minio.storage:9000' }),
    expectations: config({
      ledger: {
        uri: 's3://ledgers/churn',
        store: { type: 's3', endpoint: 'http://minio.storage:9000', allowPrivate: true },
      },
    }),
  },
  shards: {
    value: 8,
    expectations: (objects) => {
      job({ completionMode: 'Indexed', completions: 8, parallelism: 8 })(objects);
      config({ shards: 8 })(objects);
    },
  },
  parallelism: { value: 3, beside: { shards: 8 }, expectations: job({ completions: 8, parallelism: 3 }) },
  retriesPerShard: { value: 7, expectations: job({ backoffLimitPerIndex: 7 }) },
  maxFailedShards: { value: 0, expectations: job({ maxFailedIndexes: 0 }) },
  deadline: { value: Duration.hours(2), expectations: job({ activeDeadlineSeconds: 7200 }) },
  maxErrorRatio: { value: 0.001, expectations: config({ maxErrorRatio: 0.001 }) },
  batchRows: { value: 4096, expectations: config({ batchRows: 4096 }) },
  partRows: { value: 1000, expectations: config({ partRows: 1000 }) },
  ttlAfterFinished: { value: Duration.hours(1), expectations: job({ ttlSecondsAfterFinished: 3600 }) },
  successfulJobsRetained: {
    value: 5,
    beside: { schedule: HOURLY },
    expectations: cronJob({ successfulJobsHistoryLimit: 5, failedJobsHistoryLimit: 3 }),
  },
  failedJobsRetained: {
    value: 0,
    beside: { schedule: HOURLY },
    expectations: cronJob({ successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 0 }),
  },
  startingDeadline: {
    value: Duration.minutes(5),
    beside: { schedule: HOURLY },
    expectations: cronJob({ startingDeadlineSeconds: 300 }),
  },
  suspend: {
    value: true,
    expectations: (objects) => {
      job({ suspend: true })(objects);
      const scheduled = synthesizeJob({ suspend: true, schedule: HOURLY });
      cronJob({ suspend: true })(scheduled);
      expect(jobSpecOf(scheduled)).not.toHaveProperty('suspend');
    },
  },
  queue: {
    value: 'batch',
    expectations: (objects) => {
      const label = { 'kueue.x-k8s.io/queue-name': 'batch' };
      expect(only(objects, 'Job').metadata.labels).toMatchObject(label);
      const { jobTemplate } = only(synthesizeJob({ queue: 'batch', schedule: HOURLY }), 'CronJob').spec;
      expect(jobTemplate.metadata.labels).toMatchObject(label);
    },
  },
  spot: {
    value: SpotNodes.gke(),
    beside: { nodeSelector: { disk: 'ssd' } },
    expectations: pod({
      nodeSelector: { 'cloud.google.com/gke-spot': 'true', disk: 'ssd' },
      tolerations: [{ key: 'cloud.google.com/gke-spot', operator: 'Equal', value: 'true', effect: 'NoSchedule' }],
    }),
  },
  resources: {
    value: { cpu: Cpu.units(4), memory: Size.gibibytes(2), ephemeralStorage: Size.gibibytes(3) },
    expectations: (objects) =>
      expect(containerOf(objects).resources).toEqual({
        requests: { cpu: '4', memory: '2Gi', 'ephemeral-storage': '3Gi' },
        limits: { cpu: '4', memory: '2Gi', 'ephemeral-storage': expect.stringMatching(/^\d+Mi$/) },
      }),
  },
  scratchSize: {
    value: Size.gibibytes(10),
    expectations: (objects) => {
      expect(podOf(objects).volumes).toContainEqual({ name: 'scratch', emptyDir: { sizeLimit: '10240Mi' } });
      expect(Number.parseInt(containerOf(objects).resources.limits['ephemeral-storage'], 10)).toBeGreaterThan(10_240);
      expect(jobConfigOf(objects).scratchPath).toBe('/scratch');
    },
  },
  gracePeriod: {
    value: Duration.seconds(25),
    expectations: (objects) => {
      pod({ terminationGracePeriodSeconds: 25 })(objects);
      config({ gracePeriodMillis: 25_000 })(objects);
    },
  },
  progressInterval: { value: Duration.minutes(1), expectations: config({ progressMillis: 60_000 }) },
  monitors: {
    value: [NetworkPeer.namespace('metrics')],
    expectations: (objects) =>
      expect(only(objects, 'NetworkPolicy').spec.ingress).toEqual([
        {
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'metrics' } } }],
          ports: [{ port: 8082, protocol: 'TCP' }],
        },
      ]),
  },
  metadata: {
    value: { name: 'nightly', namespace: 'other', labels: { team: 'a' }, annotations: { owner: 'b' } },
    expectations: (objects) => {
      for (const { metadata } of objects) {
        expect(metadata).toMatchObject({ namespace: 'other', labels: { team: 'a' }, annotations: { owner: 'b' } });
        expect(metadata.name).toMatch(/^nightly/);
      }
    },
  },
  image: { value: IMAGE, expectations: (objects) => expect(containerOf(objects).image).toBe(IMAGE) },
  imagePullPolicy: {
    value: ImagePullPolicy.ALWAYS,
    expectations: (objects) => expect(containerOf(objects).imagePullPolicy).toBe('Always'),
  },
  imagePullSecrets: {
    value: [Secret.fromSecretName(newChart(), 'secret', 'registry')],
    expectations: pod({ imagePullSecrets: [{ name: 'registry' }] }),
  },
  env: {
    value: { MODEL_SERVING_LOG_LEVEL: EnvValue.fromValue('debug') },
    expectations: (objects) =>
      expect(containerOf(objects).env).toEqual([
        { name: 'MODEL_SERVING_LOG_LEVEL', value: 'debug' },
        {
          name: 'MODEL_SERVING_JOB',
          valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } },
        },
      ]),
  },
  serviceAccount: {
    value: ServiceAccount.fromServiceAccountName(newChart(), 'account', 'shared'),
    expectations: (objects) => {
      pod({ serviceAccountName: 'shared', automountServiceAccountToken: false })(objects);
      expect(objects.map(({ kind }) => kind)).not.toContain('ServiceAccount');
    },
  },
  serviceAccountAnnotations: {
    value: { 'eks.amazonaws.com/role-arn': 'arn' },
    expectations: (objects) =>
      expect(only(objects, 'ServiceAccount').metadata.annotations).toEqual({ 'eks.amazonaws.com/role-arn': 'arn' }),
  },
  nodeSelector: { value: { disk: 'ssd' }, expectations: pod({ nodeSelector: { disk: 'ssd' } }) },
  tolerations: {
    value: [{ key: 'batch', effect: TaintEffect.NO_SCHEDULE }],
    expectations: pod({ tolerations: [{ key: 'batch', operator: 'Exists', effect: 'NoSchedule' }] }),
  },
  priorityClassName: { value: 'low', expectations: pod({ priorityClassName: 'low' }) },
  runtimeClassName: { value: 'kata', expectations: pod({ runtimeClassName: 'kata' }) },
  podMetadata: {
    value: { labels: { tier: 'batch' }, annotations: { note: 'x' } },
    expectations: (objects) =>
      expect(jobSpecOf(objects).template.metadata).toMatchObject({
        labels: { tier: 'batch' },
        annotations: { note: 'x' },
      }),
  },
  podPatch: {
    value: [JsonPatch.add('/spec/schedulerName', 'volcano')],
    expectations: pod({ schedulerName: 'volcano', restartPolicy: 'Never' }),
  },
};

test.each(Object.entries(PROPERTIES) as [keyof BatchJobProps, PropertyTest<unknown>][])(
  '%s',
  (name, { value, beside, expectations }) => {
    expectations(synthesizeJob({ ...jobProps(), ...beside, [name]: value }));
  },
);

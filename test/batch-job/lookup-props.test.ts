import { Duration, JsonPatch, Size } from 'cdk8s';
import {
  Authentication,
  BatchJob,
  DisruptionBudget,
  ModelGateway,
  NetworkPeer,
  type PredictionLookupProps,
  PredictionSink,
  Scaling,
  ServingTls,
  TaintEffect,
} from 'cdk8s-model-serving';
import { Cpu, EnvValue, ImagePullPolicy, Secret, ServiceAccount } from 'cdk8s-plus-28';
import { type Manifest, newChart, only, podOf, predictorOf, SHA256 } from '../support/manifests';
import { jobProps, redisSink, synthesizeLookup } from './jobs';

/** A value for a property, and what the manifests must then have. */
interface PropertyTest<T> {
  readonly value: T;
  readonly expectations: (objects: Manifest[]) => void;
}

const IMAGE = `registry.example.com/runtime@sha256:${SHA256}`;
const secret = Secret.fromSecretName(newChart(), 'secret', 'keys');
const FILES = PredictionSink.parquet('s3://warehouse/churn');
const otherJob = new BatchJob(newChart(), 'job', jobProps({ outputs: [FILES, redisSink({ table: 'other' })] }));
const twoTables = new BatchJob(
  newChart(),
  'job',
  jobProps({ outputs: [FILES, redisSink(), redisSink({ table: 'second', key: 'mail' })] }),
);

const configOf = (objects: Manifest[]) => JSON.parse(only(objects, 'ConfigMap', '-config-').data['config.json']);
const lookup = (expected: object) => (objects: Manifest[]) =>
  expect(configOf(objects).lookups).toMatchObject([expected]);
const server = (expected: object) => (objects: Manifest[]) => expect(configOf(objects).server).toMatchObject(expected);
const pod = (expected: object) => (objects: Manifest[]) => expect(podOf(objects)).toMatchObject(expected);
const container = (expected: object) => (objects: Manifest[]) => expect(predictorOf(objects)).toMatchObject(expected);
const deployment = (expected: object) => (objects: Manifest[]) =>
  expect(only(objects, 'Deployment').spec).toMatchObject(expected);
const ingress = (index: number, peers: NetworkPeer[]) => (objects: Manifest[]) =>
  expect(only(objects, 'NetworkPolicy').spec.ingress[index].from).toEqual(peers.map(({ _peer }) => _peer));

const gateway = new ModelGateway(newChart(), 'gateway');

/** One test for each property: a new one without a test does not compile. */
const PROPERTIES: { [K in keyof Required<PredictionLookupProps>]: PropertyTest<Required<PredictionLookupProps>[K]> } = {
  job: { value: otherJob, expectations: lookup({ table: { table: 'other' } }) },
  table: {
    value: 'second',
    expectations: () =>
      lookup({ key: 'mail', table: { table: 'second' } })(synthesizeLookup({ job: twoTables, table: 'second' })),
  },
  redis: {
    value: { address: 'replica.ml:6380', database: 2 },
    expectations: lookup({ table: { address: 'replica.ml:6380', database: 2, table: 'iris' } }),
  },
  modelName: { value: 'recommendations', expectations: lookup({ name: 'recommendations' }) },
  modelVersion: { value: '2', expectations: lookup({ version: '2' }) },
  gateway: { value: gateway, expectations: ingress(0, [gateway.networkPeer]) },
  key: { value: 'user', expectations: lookup({ key: 'user' }) },
  defaultPrediction: { value: { label: 0 }, expectations: lookup({ defaultPrediction: { label: 0 } }) },
  maxAge: { value: Duration.hours(3), expectations: lookup({ maxAgeMillis: 10_800_000 }) },
  timeout: { value: Duration.millis(20), expectations: lookup({ timeoutMillis: 20 }) },
  latencyBudget: {
    value: Duration.seconds(3),
    expectations: server({ requestTimeoutMillis: 3000, drainTimeoutMillis: 8000 }),
  },
  maxBodySize: { value: Size.kibibytes(64), expectations: server({ maxBodyBytes: 65_536 }) },
  limits: { value: { maxConnections: 10 }, expectations: server({ limits: { maxConnections: 10 } }) },
  authentication: {
    value: Authentication.apiKeys(secret),
    expectations: server({ authentication: { apiKeys: { path: expect.stringContaining('api-keys') } } }),
  },
  tls: {
    value: ServingTls.secret(secret),
    expectations: (objects) => {
      server({ tls: { certificatePath: expect.stringContaining('tls.crt') } })(objects);
      container({ readinessProbe: { httpGet: { port: 'http', scheme: 'HTTPS' } } })(objects);
      expect(only(objects, 'Service').spec.ports[0]).toMatchObject({ name: 'https', port: 443 });
    },
  },
  cors: {
    value: ['https://shop.example.com'],
    expectations: server({ cors: { origins: ['https://shop.example.com'] } }),
  },
  docs: { value: false, expectations: server({ docs: false }) },
  drainTime: {
    value: Duration.seconds(20),
    expectations: (objects) => {
      server({ drainTimeoutMillis: 20_000 })(objects);
      pod({ terminationGracePeriodSeconds: 35 })(objects);
    },
  },
  replicas: { value: 4, expectations: deployment({ replicas: 4 }) },
  scaling: {
    value: Scaling.onCpu({ maxReplicas: 7 }),
    expectations: (objects) => {
      expect(only(objects, 'Deployment').spec).not.toHaveProperty('replicas');
      expect(only(objects, 'HorizontalPodAutoscaler').spec).toMatchObject({
        maxReplicas: 7,
        metrics: [{ containerResource: { container: 'lookup' } }],
      });
    },
  },
  resources: {
    value: { cpu: Cpu.millis(500), memory: Size.mebibytes(256) },
    expectations: container({ resources: { requests: { cpu: '500m', memory: '256Mi' } } }),
  },
  disruptionBudget: {
    value: DisruptionBudget.none(),
    expectations: (objects) => expect(objects.map(({ kind }) => kind)).not.toContain('PodDisruptionBudget'),
  },
  clients: { value: [NetworkPeer.namespace('shop')], expectations: ingress(0, [NetworkPeer.namespace('shop')]) },
  monitors: { value: [NetworkPeer.namespace('metrics')], expectations: ingress(1, [NetworkPeer.namespace('metrics')]) },
  metadata: {
    value: { name: 'shop', labels: { team: 'a' } },
    expectations: (objects) => {
      for (const { metadata } of objects) {
        expect(metadata).toMatchObject({ name: expect.stringMatching(/^shop/), labels: { team: 'a' } });
      }
    },
  },
  image: { value: IMAGE, expectations: container({ image: IMAGE }) },
  imagePullPolicy: { value: ImagePullPolicy.ALWAYS, expectations: container({ imagePullPolicy: 'Always' }) },
  imagePullSecrets: { value: [secret], expectations: pod({ imagePullSecrets: [{ name: 'keys' }] }) },
  env: {
    value: { MODEL_SERVING_LOG_LEVEL: EnvValue.fromValue('debug') },
    expectations: container({ env: [{ name: 'MODEL_SERVING_LOG_LEVEL', value: 'debug' }] }),
  },
  serviceAccount: {
    value: ServiceAccount.fromServiceAccountName(newChart(), 'account', 'shared'),
    expectations: pod({ serviceAccountName: 'shared', automountServiceAccountToken: false }),
  },
  serviceAccountAnnotations: {
    value: { 'example.com/role': 'reader' },
    expectations: (objects) =>
      expect(only(objects, 'ServiceAccount').metadata.annotations).toEqual({ 'example.com/role': 'reader' }),
  },
  nodeSelector: { value: { disk: 'ssd' }, expectations: pod({ nodeSelector: { disk: 'ssd' } }) },
  tolerations: {
    value: [{ key: 'web', effect: TaintEffect.NO_EXECUTE }],
    expectations: pod({ tolerations: [{ key: 'web', operator: 'Exists', effect: 'NoExecute' }] }),
  },
  priorityClassName: { value: 'high', expectations: pod({ priorityClassName: 'high' }) },
  runtimeClassName: { value: 'kata', expectations: pod({ runtimeClassName: 'kata' }) },
  podMetadata: {
    value: { labels: { tier: 'web' } },
    expectations: (objects) =>
      expect(only(objects, 'Deployment').spec.template.metadata.labels).toMatchObject({ tier: 'web' }),
  },
  podPatch: {
    value: [JsonPatch.add('/spec/schedulerName', 'other')],
    expectations: pod({ schedulerName: 'other' }),
  },
};

test.each(Object.entries(PROPERTIES) as [keyof PredictionLookupProps, PropertyTest<unknown>][])(
  '%s',
  (name, { value, expectations }) => {
    // The table is one of two of a job of its own.
    expectations(name === 'table' ? [] : synthesizeLookup({ [name]: value }));
  },
);

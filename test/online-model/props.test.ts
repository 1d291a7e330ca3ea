import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, JsonPatch, Size } from 'cdk8s';
import {
  Authentication,
  Batching,
  DisruptionBudget,
  Fallback,
  FeatureLookup,
  Gpu,
  ModelGateway,
  type ModelResources,
  NetworkPeer,
  type OnlineModelProps,
  PredictionLog,
  ResponseCache,
  Scaling,
  ServingTls,
  TaintEffect,
  type Toleration,
  Tracing,
  WarmUp,
} from 'cdk8s-model-serving';
import {
  Cpu,
  EnvFieldPaths,
  EnvValue,
  ImagePullPolicy,
  ResourceFieldPaths,
  Secret,
  ServiceAccount,
} from 'cdk8s-plus-28';
import {
  configOf,
  type Manifest,
  newChart,
  only,
  podOf,
  predictorOf,
  remoteModel,
  SHA256,
  synthesize,
} from '../support/manifests';
import { temporaryDirectory } from '../support/temporary';

/** A value for a property, and what the manifests must then have. */
interface PropertyTest<T> {
  readonly value: T;
  readonly expectations: (objects: Manifest[]) => void;
}

const IMAGE = `registry.example.com/runtime@sha256:${SHA256}`;
const SAMPLES = join(temporaryDirectory(), 'warm-up.json');
writeFileSync(SAMPLES, '{"instances": [[5.1, 3.5, 1.4, 0.2]]}');

/** One test for each property: a new one without a test does not compile. */
const PROPERTIES: { [K in keyof Required<OnlineModelProps>]: PropertyTest<Required<OnlineModelProps>[K]> } = {
  model: {
    value: remoteModel({ name: 'Fraud_Detector', version: '2026-11-01' }),
    expectations: (objects) => {
      expect(only(objects, 'Deployment').metadata.name).toMatch(/^fraud-detector-2026-11-01-[0-9a-f]{8}$/);
      expect(configOf(objects).models).toMatchObject([
        { name: 'Fraud_Detector', version: '2026-11-01', sha256: SHA256 },
      ]);
    },
  },
  gateway: {
    value: new ModelGateway(newChart(), 'gateway'),
    expectations: (objects) =>
      expect(only(objects, 'NetworkPolicy').spec.ingress[0].from).toEqual([
        {
          podSelector: {
            matchLabels: {
              'app.kubernetes.io/name': 'model-gateway',
              'app.kubernetes.io/instance': expect.stringMatching(/^gateway-[0-9a-f]{8}$/),
            },
          },
        },
      ]),
  },
  latencyBudget: {
    value: Duration.seconds(40),
    expectations: (objects) => {
      const { models, server } = configOf(objects);
      expect(models[0].latencyBudgetMillis).toBe(40_000);
      expect(server).toMatchObject({ requestTimeoutMillis: 40_000, drainTimeoutMillis: 45_000 });
      expect(podOf(objects).terminationGracePeriodSeconds).toBe(10 + 45 + 5);
    },
  },
  limits: {
    value: { maxQueuedRequests: 64 },
    expectations: (objects) => expect(configOf(objects).server.limits).toEqual({ maxQueuedRequests: 64 }),
  },
  batching: {
    value: Batching.none(),
    expectations: (objects) => expect(configOf(objects).models[0].batching).toEqual({ maxBatchSize: 1 }),
  },
  cache: {
    value: ResponseCache.inMemory({ maxSize: Size.mebibytes(600) }),
    expectations: (objects) => {
      expect(configOf(objects).models[0].cache).toEqual({ maxBytes: 600 * 1024 * 1024, maxAgeMillis: 60_000 });
      expect(predictorOf(objects).resources.limits.memory).toBe('728Mi');
    },
  },
  features: {
    value: FeatureLookup.redis({ address: 'redis.features:6379', entity: 'card_id', features: ['a', 'b'] }),
    expectations: (objects) => {
      expect(configOf(objects).models[0].features).toEqual({
        type: 'redis',
        address: 'redis.features:6379',
        entity: 'card_id',
        key: 'card_id:{entity}',
        features: [
          { name: 'a', input: 'a' },
          { name: 'b', input: 'b' },
        ],
        timeoutMillis: 50,
      });
      expect(only(objects, 'NetworkPolicy').spec.egress).toContainEqual({
        to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'features' } } }],
      });
    },
  },
  fallback: {
    value: Fallback.prediction({ label: 0, probabilities: [0.5, 0.5] }),
    expectations: (objects) =>
      expect(configOf(objects).models[0].fallback).toEqual({
        type: 'prediction',
        prediction: { label: 0, probabilities: [0.5, 0.5] },
      }),
  },
  predictionLog: {
    value: PredictionLog.file(),
    expectations: (objects) => {
      expect(configOf(objects).models[0].predictionLog).toEqual({
        sampleRatio: 1,
        redact: [],
        maxQueuedEvents: 1024,
        sink: { type: 'file', path: '/var/log/model-serving/predictions.jsonl', maxBytes: 64 * 1024 * 1024 },
      });
      expect(podOf(objects).volumes).toContainEqual({ name: 'prediction-log', emptyDir: { sizeLimit: '129Mi' } });
      expect(predictorOf(objects).volumeMounts).toContainEqual({
        name: 'prediction-log',
        mountPath: '/var/log/model-serving',
      });
    },
  },
  tracing: {
    value: Tracing.otlp({ url: 'http://collector.monitoring:4318/v1/traces' }),
    expectations: (objects) => {
      expect(configOf(objects).server.tracing).toEqual({
        url: 'http://collector.monitoring:4318/v1/traces',
        sampleRatio: 0,
      });
      expect(only(objects, 'NetworkPolicy').spec.egress).toContainEqual({
        to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      });
    },
  },
  authentication: {
    value: Authentication.apiKeys(Secret.fromSecretName(newChart(), 'keys', 'fraud-api-keys')),
    expectations: (objects) => {
      expect(configOf(objects).server.authentication).toEqual({
        apiKeys: { path: '/etc/model-serving-credentials/api-keys' },
      });
      expect(podOf(objects).volumes).toContainEqual({
        name: 'api-keys',
        secret: { secretName: 'fraud-api-keys', defaultMode: 0o440 },
      });
    },
  },
  tls: {
    value: ServingTls.secret(Secret.fromSecretName(newChart(), 'tls', 'fraud-tls')),
    expectations: (objects) => {
      expect(configOf(objects).server.tls).toEqual({
        certificatePath: '/etc/model-serving-credentials/tls/tls.crt',
        keyPath: '/etc/model-serving-credentials/tls/tls.key',
      });
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
        expect(predictorOf(objects)[probe].httpGet).toMatchObject({ port: 'http', scheme: 'HTTPS' });
      }
      expect(only(objects, 'Service').spec.ports).toEqual([
        { name: 'https', port: 443, targetPort: 'http', appProtocol: 'https' },
        { name: 'grpc', port: 8081, targetPort: 'grpc', appProtocol: 'https' },
        { name: 'metrics', port: 8082, targetPort: 'metrics' },
      ]);
    },
  },
  cors: {
    value: ['https://app.example.com'],
    expectations: (objects) => expect(configOf(objects).server.cors).toEqual({ origins: ['https://app.example.com'] }),
  },
  docs: {
    value: false,
    expectations: (objects) => expect(configOf(objects).server.docs).toBe(false),
  },
  maxBodySize: {
    value: Size.mebibytes(4),
    expectations: (objects) => expect(configOf(objects).server.maxBodyBytes).toBe(4 * 1024 * 1024),
  },
  warmUp: {
    value: WarmUp.samples(SAMPLES, { runs: 5 }),
    expectations: (objects) =>
      expect(configOf(objects).models[0].warmUp).toEqual({ runs: 5, request: { instances: [[5.1, 3.5, 1.4, 0.2]] } }),
  },
  maxLoadTime: {
    value: Duration.minutes(15),
    expectations: (objects) => {
      expect(predictorOf(objects).startupProbe).toMatchObject({ periodSeconds: 2, failureThreshold: 450 });
      expect(only(objects, 'Deployment').spec.progressDeadlineSeconds).toBe(300 + 900 + 600);
    },
  },
  drainTime: {
    value: Duration.seconds(90),
    expectations: (objects) => {
      expect(configOf(objects).server.drainTimeoutMillis).toBe(90_000);
      expect(podOf(objects).terminationGracePeriodSeconds).toBe(10 + 90 + 5);
    },
  },
  replicas: {
    value: 5,
    expectations: (objects) => {
      expect(only(objects, 'Deployment').spec.replicas).toBe(5);
      expect(objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler')).toEqual([]);
    },
  },
  scaling: {
    value: Scaling.onCpu({ minReplicas: 3, maxReplicas: 12, targetUtilization: 60 }),
    expectations: (objects) => {
      const deployment = only(objects, 'Deployment');
      expect(deployment.spec).not.toHaveProperty('replicas');
      expect(only(objects, 'HorizontalPodAutoscaler').spec).toMatchObject({
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment.metadata.name },
        minReplicas: 3,
        maxReplicas: 12,
        metrics: [
          {
            type: 'ContainerResource',
            containerResource: {
              name: 'cpu',
              container: 'predictor',
              target: { type: 'Utilization', averageUtilization: 60 },
            },
          },
        ],
        behavior: { scaleDown: { stabilizationWindowSeconds: 360 } },
      });
    },
  },
  resources: {
    value: { cpu: Cpu.millis(250), cpuLimit: Cpu.units(2), memory: Size.gibibytes(1) },
    expectations: (objects) =>
      expect(predictorOf(objects).resources).toMatchObject({
        requests: { cpu: '250m', memory: '1Gi' },
        limits: { cpu: '2', memory: '1Gi' },
      }),
  },
  disruptionBudget: {
    value: DisruptionBudget.minAvailable(1),
    expectations: (objects) => {
      const { spec } = only(objects, 'PodDisruptionBudget');
      expect(spec).toMatchObject({ minAvailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
      expect(spec).not.toHaveProperty('maxUnavailable');
    },
  },
  image: {
    value: IMAGE,
    expectations: (objects) => {
      expect(predictorOf(objects).image).toBe(IMAGE);
      expect(podOf(objects).initContainers[0].image).toBe(IMAGE);
    },
  },
  imagePullPolicy: {
    value: ImagePullPolicy.NEVER,
    expectations: (objects) => {
      expect(predictorOf(objects).imagePullPolicy).toBe('Never');
      expect(podOf(objects).initContainers[0].imagePullPolicy).toBe('Never');
    },
  },
  imagePullSecrets: {
    value: ['one', 'two'].map((name) => Secret.fromSecretName(newChart(), name, name)),
    expectations: (objects) => expect(podOf(objects).imagePullSecrets).toEqual([{ name: 'one' }, { name: 'two' }]),
  },
  env: {
    value: {
      Z: EnvValue.fromValue('last'),
      CORES: EnvValue.fromResource(ResourceFieldPaths.CPU_LIMIT, { divisor: '1' }),
      NODE: EnvValue.fromFieldRef(EnvFieldPaths.NODE_NAME),
      SALT: EnvValue.fromSecretValue({ secret: Secret.fromSecretName(newChart(), 's', 'salt'), key: 'value' }),
    },
    expectations: (objects) => {
      expect(predictorOf(objects).env).toEqual([
        { name: 'CORES', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1' } } },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'SALT', valueFrom: { secretKeyRef: { name: 'salt', key: 'value' } } },
        { name: 'Z', value: 'last' },
      ]);
      // What the predictor needs to reach a server, the download needs as well.
      expect(podOf(objects).initContainers[0].env).toEqual(predictorOf(objects).env);
    },
  },
  serviceAccount: {
    value: ServiceAccount.fromServiceAccountName(newChart(), 'account', 'shared'),
    expectations: (objects) => {
      expect(podOf(objects)).toMatchObject({ serviceAccountName: 'shared', automountServiceAccountToken: false });
      expect(objects.filter(({ kind }) => kind === 'ServiceAccount')).toEqual([]);
    },
  },
  serviceAccountAnnotations: {
    value: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/models' },
    expectations: (objects) => {
      const account = only(objects, 'ServiceAccount');
      expect(account.metadata.annotations).toEqual({ 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/models' });
      expect(podOf(objects).serviceAccountName).toBe(account.metadata.name);
    },
  },
  clients: {
    value: [
      NetworkPeer.namespace('ingress'),
      NetworkPeer.pods({ labels: { app: 'web' } }),
      NetworkPeer.pods({ labels: { app: 'web' }, namespace: 'shop' }),
      NetworkPeer.cidr('10.0.0.0/8'),
    ],
    expectations: (objects) =>
      expect(only(objects, 'NetworkPolicy').spec.ingress[0]).toEqual({
        from: [
          { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } },
          { podSelector: { matchLabels: { app: 'web' } } },
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
            podSelector: { matchLabels: { app: 'web' } },
          },
          { ipBlock: { cidr: '10.0.0.0/8' } },
        ],
        ports: [
          { port: 8080, protocol: 'TCP' },
          { port: 8081, protocol: 'TCP' },
        ],
      }),
  },
  monitors: {
    value: [NetworkPeer.anywhere()],
    expectations: (objects) =>
      expect(only(objects, 'NetworkPolicy').spec.ingress[1]).toEqual({ ports: [{ port: 8082, protocol: 'TCP' }] }),
  },
  nodeSelector: {
    value: { 'kubernetes.io/arch': 'arm64' },
    expectations: (objects) => expect(podOf(objects).nodeSelector).toEqual({ 'kubernetes.io/arch': 'arm64' }),
  },
  tolerations: {
    value: [{ key: 'nvidia.com/gpu', effect: TaintEffect.NO_SCHEDULE }],
    expectations: (objects) =>
      expect(podOf(objects).tolerations).toEqual([{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }]),
  },
  priorityClassName: {
    value: 'high',
    expectations: (objects) => expect(podOf(objects).priorityClassName).toBe('high'),
  },
  runtimeClassName: {
    value: 'gvisor',
    expectations: (objects) => expect(podOf(objects).runtimeClassName).toBe('gvisor'),
  },
  metadata: {
    value: { name: 'scorer', namespace: 'other', labels: { team: 'a' }, annotations: { owner: 'b' } },
    expectations: (objects) => {
      for (const { metadata } of objects) {
        expect(metadata.name).toMatch(/^scorer(-config-[0-9a-f]{8})?$/);
        expect(metadata).toMatchObject({ namespace: 'other', labels: { team: 'a' }, annotations: { owner: 'b' } });
      }
      expect(only(objects, 'Deployment').spec.template.metadata.labels).not.toHaveProperty('team');
    },
  },
  podMetadata: {
    value: { labels: { 'azure.workload.identity/use': 'true' }, annotations: { note: 'x' } },
    expectations: (objects) => {
      const { metadata } = only(objects, 'Deployment').spec.template;
      expect(metadata).toMatchObject({ labels: { 'azure.workload.identity/use': 'true' }, annotations: { note: 'x' } });
      expect(only(objects, 'Deployment').metadata.labels).not.toHaveProperty('azure.workload.identity/use');
    },
  },
  podPatch: {
    value: [JsonPatch.add('/spec/schedulerName', 'batch')],
    expectations: (objects) => expect(podOf(objects).schedulerName).toBe('batch'),
  },
};

describe('properties', () => {
  test.each(Object.entries(PROPERTIES))('%s', (name, { value, expectations }) => {
    expectations(synthesize({ [name]: value }));
  });
});

/** One test for each field of `resources`. */
const RESOURCES: { [K in keyof Required<ModelResources>]: PropertyTest<Required<ModelResources>[K]> } = {
  cpu: {
    value: Cpu.units(4),
    expectations: (objects) => expectResource(objects, 'cpu', { requests: '4', limits: '4' }),
  },
  cpuLimit: {
    value: Cpu.millis(500),
    expectations: (objects) => expectResource(objects, 'cpu', { requests: '500m', limits: '500m' }),
  },
  memory: {
    value: Size.gibibytes(2),
    expectations: (objects) => expectResource(objects, 'memory', { requests: '2Gi', limits: '2Gi' }),
  },
  memoryLimit: {
    value: Size.mebibytes(768),
    expectations: (objects) => expectResource(objects, 'memory', { requests: '768Mi', limits: '768Mi' }),
  },
  ephemeralStorage: {
    value: Size.gibibytes(4),
    expectations: (objects) => expectResource(objects, 'ephemeral-storage', { requests: '4Gi', limits: '4352Mi' }),
  },
  ephemeralStorageLimit: {
    value: Size.gibibytes(1),
    expectations: (objects) => expectResource(objects, 'ephemeral-storage', { requests: '256Mi', limits: '1Gi' }),
  },
  gpu: {
    value: Gpu.nvidia(2),
    expectations: (objects) => {
      expect(predictorOf(objects).resources.limits['nvidia.com/gpu']).toBe('2');
      expect(podOf(objects).initContainers[0].resources.limits).not.toHaveProperty('nvidia.com/gpu');
    },
  },
};

describe('resources', () => {
  test.each(Object.entries(RESOURCES))('%s', (name, { value, expectations }) => {
    expectations(synthesize({ image: IMAGE, resources: { [name]: value } }));
  });
});

function expectResource(objects: Manifest[], resource: string, expected: { requests: string; limits: string }): void {
  const { requests, limits } = predictorOf(objects).resources;
  expect({ requests: requests[resource], limits: limits[resource] }).toEqual(expected);
}

describe('taints', () => {
  const cases: [string, Toleration, Manifest][] = [
    ['every taint', {}, { operator: 'Exists' }],
    ['a key', { key: 'a' }, { key: 'a', operator: 'Exists' }],
    ['a value', { key: 'a', value: 'b' }, { key: 'a', operator: 'Equal', value: 'b' }],
    ...Object.values(TaintEffect).map((effect): [string, Toleration, Manifest] => [
      effect,
      { key: 'a', effect },
      { key: 'a', operator: 'Exists', effect },
    ]),
  ];

  test.each(cases)('%s', (_name, toleration, expected) => {
    expect(podOf(synthesize({ tolerations: [toleration] })).tolerations).toEqual([expected]);
  });
});

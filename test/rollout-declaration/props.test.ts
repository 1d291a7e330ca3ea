import { Duration, JsonPatch, Size } from 'cdk8s';
import {
  type CanaryRolloutProps,
  CanaryStep,
  DeadMan,
  DesiredChange,
  Guardrail,
  MetricsSource,
  MissingData,
  MissingDataAction,
  NetworkPeer,
  Notification,
  OutcomeMetric,
  Stickiness,
  TaintEffect,
} from 'cdk8s-model-serving';
import { Cpu, EnvValue, ImagePullPolicy, Secret, ServiceAccount } from 'cdk8s-plus-28';
import { type Manifest, newChart, only, podOf, SHA256 } from '../support/manifests';
import {
  type DeclaredRollout,
  declareRollout,
  ENOUGH,
  objectsOf,
  rolloutConfigOf,
  synthesizeRollout,
} from './rollouts';
import { StubRouter } from './stub-router';

/** A value for a property, and what must then be. */
interface PropertyTest<T> {
  readonly value: T;
  readonly expectations: (objects: Manifest[], declared: DeclaredRollout) => void;
}

const IMAGE = `registry.example.com/runtime@sha256:${SHA256}`;
const secret = () => Secret.fromSecretName(newChart(), 'secret', 'hooks');
const controller = (objects: Manifest[]) => podOf(objects).containers[0];

type OwnProps = Omit<CanaryRolloutProps, 'gateway' | 'stable' | 'candidate'>;

/** One test for each property: a new one without a test does not compile. */
const PROPERTIES: { [K in keyof Required<OwnProps>]: PropertyTest<Required<OwnProps>[K]> } = {
  steps: {
    value: [CanaryStep.weight(0.25, ENOUGH), CanaryStep.pause()],
    expectations: (objects) =>
      expect(rolloutConfigOf(objects).steps).toEqual([
        { type: 'weight', share: 25, minMillis: 600_000, minSamples: 1000 },
        { type: 'pause' },
      ]),
  },
  guardrails: {
    value: [Guardrail.latency({ budget: Duration.millis(100), maxShareOver: 0.01 })],
    expectations: (objects, { router }) => {
      expect(rolloutConfigOf(objects).guardrails).toEqual([
        { name: 'latency-100ms', type: 'latency', max: 0.01, budgetMillis: 100, alpha: 0.01, minSamples: 200 },
      ]);
      expect(router.requests[0]?.latencyBudgets?.map((budget) => budget.toMilliseconds())).toEqual([100]);
    },
  },
  onMissingData: {
    value: MissingData.hold({ atMost: Duration.minutes(5), afterwards: MissingDataAction.ABORT }),
    expectations: (objects) =>
      expect(rolloutConfigOf(objects).missingData).toEqual({ holdMillis: 300_000, action: 'abort' }),
  },
  metrics: {
    value: MetricsSource.prometheus({
      url: 'http://prometheus.monitoring:9090',
      labels: { namespace: 'ml' },
      timeout: Duration.seconds(2),
    }),
    expectations: (objects) => {
      expect(rolloutConfigOf(objects).metrics).toEqual({
        type: 'prometheus',
        url: 'http://prometheus.monitoring:9090',
        labels: { namespace: 'ml' },
        timeoutMillis: 2000,
      });
      expect(only(objects, 'NetworkPolicy').spec.egress).toContainEqual({
        to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      });
    },
  },
  stickiness: {
    value: Stickiness.byHeader('x-user-id'),
    expectations: (objects, { router }) => {
      expect(router.requests).toMatchObject([{ stickyHeader: 'x-user-id', needs: ['weight', 'stickiness'] }]);
      expect(rolloutConfigOf(objects).sticky).toBe(true);
    },
  },
  notifications: {
    value: [
      Notification.webhook('http://chat:8065/hooks/1'),
      Notification.webhook('https://hooks.example.com/2', { authorization: { secret: secret(), key: 'token' } }),
    ],
    expectations: (objects) => {
      const directory = '/etc/model-serving-credentials/notification-1-authorization';
      expect(rolloutConfigOf(objects).notifications).toEqual([
        { url: 'http://chat:8065/hooks/1' },
        { url: 'https://hooks.example.com/2', authorizationPath: `${directory}/token` },
      ]);
      expect(controller(objects).volumeMounts).toContainEqual({
        name: 'notification-1-authorization',
        mountPath: directory,
        readOnly: true,
      });
      expect(only(objects, 'NetworkPolicy').spec.egress).toContainEqual({ to: [{ podSelector: {} }] });
    },
  },
  expectedRps: {
    value: 1000,
    // 2 % instead of 1 % failures, found in 2700 requests of the candidate.
    expectations: (_objects, { rollout }) =>
      expect(rollout.forecasts).toEqual([
        { step: 0, guardrail: 'error-rate', duration: Duration.seconds(27), waitsForPass: true },
      ]),
  },
  interval: {
    value: Duration.seconds(20),
    expectations: (objects, { router }) => {
      expect(rolloutConfigOf(objects).intervalMillis).toBe(20_000);
      expect(router.requests[0]?.deadManAfter.toMilliseconds()).toBe(120_000);
    },
  },
  maxStepTime: {
    value: Duration.hours(2),
    expectations: (objects) => expect(rolloutConfigOf(objects).maxStepMillis).toBe(7_200_000),
  },
  readyTimeout: {
    value: Duration.minutes(3),
    expectations: (objects) => expect(rolloutConfigOf(objects).readyTimeoutMillis).toBe(180_000),
  },
  deadMan: {
    value: DeadMan.HOLD,
    expectations: (_objects, { router }) => expect(router.requests).toMatchObject([{ deadMan: 'hold' }]),
  },
  deadManAfter: {
    value: Duration.minutes(2),
    expectations: (_objects, { router }) => expect(router.requests[0]?.deadManAfter.toMilliseconds()).toBe(120_000),
  },
  statusPage: {
    value: true,
    expectations: (objects) => expect(rolloutConfigOf(objects).statusPage).toBe(true),
  },
  resources: {
    value: { cpu: Cpu.millis(50), memory: Size.mebibytes(300) },
    expectations: (objects) =>
      expect(controller(objects).resources).toEqual({
        requests: { cpu: '50m', memory: '300Mi', 'ephemeral-storage': '256Mi' },
        limits: { cpu: '50m', memory: '300Mi', 'ephemeral-storage': '320Mi' },
      }),
  },
  outcomeReporters: {
    value: [NetworkPeer.namespace('shop')],
    expectations: (objects) => {
      const ports = (all: Manifest[]) =>
        only(all, 'NetworkPolicy').spec.ingress.map((one: Manifest) => one.ports[0].port);
      expect(ports(objects)).toEqual([8082]);
      const metric = OutcomeMetric.reported('revenue');
      const guardrails = [Guardrail.outcome({ metric, desiredChange: DesiredChange.INCREASE, margin: 0 })];
      const from = (peers?: NetworkPeer[]) =>
        only(synthesizeRollout({ guardrails, outcomeReporters: peers }), 'NetworkPolicy').spec.ingress[0];
      expect(from()).toEqual({ from: [{ podSelector: {} }], ports: [{ port: 8081, protocol: 'TCP' }] });
      expect(from([NetworkPeer.namespace('shop')]).from).toEqual([
        { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } },
      ]);
    },
  },
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
    value: { name: 'iris-canary', labels: { team: 'a' }, annotations: { 'kube-score/ignore': 'pod-probes' } },
    expectations: (objects, { rollout }) => {
      expect(rollout.name).toBe('iris-canary');
      expect(rolloutConfigOf(objects).name).toBe('iris-canary');
      for (const { metadata } of objects) {
        expect(metadata).toMatchObject({ name: expect.stringMatching(/^iris-canary/), labels: { team: 'a' } });
      }
      expect(only(objects, 'Deployment').metadata.annotations['kube-score/ignore'].split(',')).toEqual([
        'pod-probes',
        'deployment-replicas',
        'deployment-strategy',
        'container-image-pull-policy',
      ]);
    },
  },
  image: {
    value: IMAGE,
    expectations: (objects) => expect(controller(objects).image).toBe(IMAGE),
  },
  imagePullPolicy: {
    value: ImagePullPolicy.ALWAYS,
    expectations: (objects) => expect(controller(objects).imagePullPolicy).toBe('Always'),
  },
  imagePullSecrets: {
    value: [Secret.fromSecretName(newChart(), 'registry', 'registry')],
    expectations: (objects) => expect(podOf(objects).imagePullSecrets).toEqual([{ name: 'registry' }]),
  },
  env: {
    value: { MODEL_SERVING_LOG_LEVEL: EnvValue.fromValue('debug') },
    expectations: (objects) =>
      expect(controller(objects).env).toEqual([{ name: 'MODEL_SERVING_LOG_LEVEL', value: 'debug' }]),
  },
  serviceAccount: {
    value: ServiceAccount.fromServiceAccountName(newChart(), 'account', 'shared'),
    expectations: (objects) => {
      expect(objects.map(({ kind }) => kind)).not.toContain('ServiceAccount');
      expect(podOf(objects).serviceAccountName).toBe('shared');
      expect(only(objects, 'RoleBinding').subjects).toEqual([
        { kind: 'ServiceAccount', name: 'shared', namespace: 'ml' },
      ]);
    },
  },
  serviceAccountAnnotations: {
    value: { 'example.com/identity': 'rollouts' },
    expectations: (objects) =>
      expect(only(objects, 'ServiceAccount').metadata.annotations).toEqual({ 'example.com/identity': 'rollouts' }),
  },
  nodeSelector: {
    value: { 'kubernetes.io/arch': 'amd64' },
    expectations: (objects) => expect(podOf(objects).nodeSelector).toEqual({ 'kubernetes.io/arch': 'amd64' }),
  },
  tolerations: {
    value: [{ key: 'spot', effect: TaintEffect.NO_SCHEDULE }],
    expectations: (objects) =>
      expect(podOf(objects).tolerations).toEqual([{ key: 'spot', operator: 'Exists', effect: 'NoSchedule' }]),
  },
  priorityClassName: {
    value: 'high',
    expectations: (objects) => expect(podOf(objects).priorityClassName).toBe('high'),
  },
  runtimeClassName: {
    value: 'kata',
    expectations: (objects) => expect(podOf(objects).runtimeClassName).toBe('kata'),
  },
  podMetadata: {
    value: { labels: { team: 'a' }, annotations: { note: 'b' } },
    expectations: (objects) =>
      expect(only(objects, 'Deployment').spec.template.metadata).toMatchObject({
        labels: { team: 'a' },
        annotations: { note: 'b' },
      }),
  },
  podPatch: {
    value: [JsonPatch.add('/spec/schedulerName', 'batch')],
    expectations: (objects) => expect(podOf(objects).schedulerName).toBe('batch'),
  },
};

test.each(Object.keys(PROPERTIES) as (keyof OwnProps)[])('%s', (name) => {
  const { value, expectations } = PROPERTIES[name];
  const declared = declareRollout({ props: { [name]: value } });
  expectations(objectsOf(declared), declared);
});

test('gateway, stable and candidate', () => {
  const declared = declareRollout({ router: (chart) => new StubRouter(chart, 'other') });
  const { router, stable, candidate, rollout } = declared;
  expect(router.requests).toMatchObject([{ name: rollout.name, deadMan: 'revert', needs: ['weight'] }]);
  expect(router.requests[0]?.stable).toBe(stable);
  expect(router.requests[0]?.candidate).toBe(candidate);
  expect(rolloutConfigOf(objectsOf(declared))).toMatchObject({
    model: 'iris',
    stable: { version: 'v1', sha256: SHA256, url: stable.url, minReady: 2, podsHost: 'old-pods.ml.svc' },
    candidate: { version: 'v2', sha256: SHA256, url: candidate.url, minReady: 2, podsHost: 'new-pods.ml.svc' },
    gateway: { podsHost: 'router-pods.ml.svc', agentPort: 8083, metricsPort: 8082 },
  });
});

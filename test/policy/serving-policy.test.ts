import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Yaml } from 'cdk8s';
import { ValidationContext } from 'cdk8s-cli/plugins';
import { Scaling, ServingPolicy, type ServingPolicyProps, ServingTls } from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import { RULES } from '../../lib/kubernetes';
import type { STREAM_RULES } from '../../lib/kubernetes/rules/stream-rules';
import { DECLARATIONS } from '../support/declarations';
import { type Manifest, newChart, only, podOf, predictorOf, remoteModel, synthesize } from '../support/manifests';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();

/** Rules that finished manifests can break. */
type ManifestRule = Exclude<
  {
    [Name in keyof typeof RULES]: (typeof RULES)[Name]['subject'] extends 'program' ? never : Name;
  }[keyof typeof RULES],
  // Rules of streaming consumers have tests of their own.
  keyof typeof STREAM_RULES
>;

type Change = (objects: Manifest[]) => void;

const onPod =
  (change: (pod: Manifest) => void): Change =>
  (objects) =>
    change(podOf(objects));
const onContainer =
  (change: (container: Manifest) => void): Change =>
  (objects) =>
    change(predictorOf(objects));
const onSpec =
  (kind: string, change: (spec: Manifest) => void): Change =>
  (objects) =>
    change(only(objects, kind).spec);
const without =
  (kind: string): Change =>
  (objects) =>
    objects.splice(objects.indexOf(only(objects, kind)), 1);
const onConfig =
  (change: (config: Manifest) => void): Change =>
  (objects) => {
    const { data } = only(objects, 'ConfigMap', '-config-');
    const config = JSON.parse(data['config.json']);
    change(config);
    data['config.json'] = JSON.stringify(config);
  };
const withAutoscaler =
  (change: (spec: Manifest) => void): Change =>
  (objects) => {
    const autoscaler = only(synthesize({ scaling: Scaling.onCpu({ maxReplicas: 5 }) }), 'HorizontalPodAutoscaler');
    change(autoscaler.spec);
    objects.push(autoscaler);
    delete only(objects, 'Deployment').spec.replicas;
  };

/** Changes of good manifests, each of which breaks one rule. A new rule without any does not compile. */
const CHANGES: Record<ManifestRule, Change[]> = {
  modelName: [onConfig(({ models }) => (models[0].name = 'no good'))],
  modelVersion: [onConfig(({ models }) => (models[0].version = '..'))],
  digest: [onConfig(({ models }) => (models[0].sha256 = 'short'))],
  configMapSize: [(objects) => (only(objects, 'ConfigMap', '-config-').data.more = 'x'.repeat(262_144))],
  requestWithinLimit: [
    onContainer(({ resources }) => (resources.requests.cpu = '1001m')),
    onContainer(({ resources }) => (resources.requests.memory = '1Gi')),
  ],
  storageForVolumes: [onContainer(({ resources }) => (resources.limits['ephemeral-storage'] = '300Mi'))],
  gpuResource: [onContainer(({ resources }) => (resources.limits.gpu = '1'))],
  gpuVendor: [onContainer(({ resources }) => (resources.limits['nvidai.com/gpu'] = '1'))],
  replicas: [onSpec('Deployment', (spec) => (spec.replicas = 0))],
  oneReplicaOwner: [
    (objects) => {
      withAutoscaler(() => undefined)(objects);
      only(objects, 'Deployment').spec.replicas = 2;
    },
  ],
  replicaRange: [withAutoscaler((spec) => (spec.minReplicas = 6))],
  targetUtilization: [
    withAutoscaler((spec) => (spec.metrics[0].containerResource.target.averageUtilization = 150)),
    withAutoscaler((spec) => (spec.metrics = [{ resource: { target: { averageUtilization: 0 } } }])),
  ],
  evictablePod: [
    onSpec('PodDisruptionBudget', (spec) => (spec.maxUnavailable = 0)),
    onSpec('PodDisruptionBudget', (spec) => (spec.maxUnavailable = '0%')),
    onSpec('PodDisruptionBudget', (spec) => {
      delete spec.maxUnavailable;
      spec.minAvailable = '51%';
    }),
  ],
  gracePeriod: [
    onPod((pod) => (pod.terminationGracePeriodSeconds = 44)),
    onContainer(({ lifecycle }) => (lifecycle.preStop = { exec: { command: ['sleep', '60'] } })),
    onContainer(({ lifecycle }) => (lifecycle.preStop = { sleep: { seconds: 60 } })),
  ],
  drainTime: [onConfig(({ server }) => (server.drainTimeoutMillis = 29_999))],
  imageForm: [onContainer((container) => (container.image = 'Runtime'))],
  imageTag: [onContainer((container) => (container.image = 'runtime:1'))],
  imageLatest: [
    onContainer((container) => (container.image = 'runtime')),
    onPod(({ initContainers }) => (initContainers[0].image = 'runtime:latest')),
  ],
  environmentOwner: [onContainer((container) => (container.env = [{ name: 'MODEL_SERVING_HOST', value: '::' }]))],
  plainSecret: [onContainer((container) => (container.env = [{ name: 'PASSWORD', value: 'x' }]))],
  restrictedPod: [
    onPod((pod) => (pod.hostNetwork = true)),
    onPod((pod) => (pod.securityContext.runAsUser = 0)),
    onPod((pod) => (pod.securityContext.runAsNonRoot = false)),
    onPod((pod) => delete pod.securityContext.seccompProfile),
    onPod((pod) => pod.volumes.push({ name: 'host', hostPath: { path: '/' } })),
    onContainer(({ securityContext }) => (securityContext.privileged = true)),
    onContainer(({ securityContext }) => delete securityContext.allowPrivilegeEscalation),
    onContainer(({ securityContext }) => (securityContext.capabilities = { drop: [] })),
    onContainer(({ securityContext }) => (securityContext.capabilities.add = ['SYS_ADMIN'])),
    onContainer(({ ports }) => (ports[0].hostPort = 80)),
    onPod(({ initContainers }) => delete initContainers[0].securityContext),
  ],
  readOnlyRoot: [
    onContainer(({ securityContext }) => delete securityContext.readOnlyRootFilesystem),
    onPod((pod) => pod.volumes.push({ name: 'endless', emptyDir: {} })),
  ],
  serviceAccountToken: [
    onPod((pod) => delete pod.automountServiceAccountToken),
    onPod((pod) => delete pod.serviceAccountName),
    onPod((pod) => (pod.serviceAccountName = 'default')),
  ],
  probes: [
    onContainer((container) => delete container.startupProbe),
    onContainer((container) => delete container.readinessProbe),
    onContainer((container) => delete container.livenessProbe),
    onContainer((container) => (container.livenessProbe = container.readinessProbe)),
  ],
  resources: [
    onContainer((container) => delete container.resources),
    onContainer(({ resources }) => delete resources.limits.memory),
    onPod(({ initContainers }) => delete initContainers[0].resources.requests['ephemeral-storage']),
  ],
  rollingUpdate: [
    onSpec('Deployment', (spec) => (spec.strategy.rollingUpdate.maxUnavailable = 1)),
    onSpec('Deployment', (spec) => (spec.strategy = { type: 'Recreate' })),
    onSpec('Deployment', (spec) => (spec.progressDeadlineSeconds = 120)),
  ],
  selectors: [
    onSpec('Service', ({ selector }) => (selector['app.kubernetes.io/instance'] = 'other')),
    onSpec('Deployment', ({ selector }) => (selector.matchLabels.a = 'b')),
    onSpec('Deployment', ({ selector }) => (selector.matchLabels = {})),
    (objects) => (only(objects, 'Service').metadata.namespace = 'other'),
  ],
  disruptionBudget: [without('PodDisruptionBudget')],
  networkPolicy: [without('NetworkPolicy'), onSpec('NetworkPolicy', (spec) => (spec.policyTypes = ['Ingress']))],
  configuration: [
    without('ConfigMap'),
    (objects) => (only(objects, 'ConfigMap').data['config.json'] = '{'),
    onConfig((config) => (config.schema = 'model-serving/v0')),
    onConfig((config) => (config.models = [])),
    onConfig((config) => (config.unknown = 1)),
    onConfig(({ models }) => delete models[0].warmUp),
    onConfig(({ models }) => (models[0].source.type = 'ftp')),
    onConfig(({ models }) => (models[0].source.redirectHosts = 'a')),
    onConfig(({ server }) => (server.httpPort = 9090)),
    onConfig(({ server }) => (server.grpcPort = 9091)),
    onContainer(({ ports }) => ports.splice(1, 1)),
    onConfig(({ server }) => (server.tls = { certificatePath: '/tmp/tls.crt', keyPath: '/tmp/tls.key' })),
    onContainer(({ readinessProbe }) => (readinessProbe.httpGet.scheme = 'HTTPS')),
    onConfig(({ server }) => (server.authentication = { apiKeys: { path: '/etc/keys' } })),
    onContainer(({ volumeMounts }) => volumeMounts.pop()),
    onPod(({ initContainers }) => (initContainers[0].volumeMounts[0].mountPath = '/models/other/v1')),
    onConfig(({ server }) => (server.maxBodyBytes = 1.5)),
  ],
  preStop: [onContainer((container) => delete container.lifecycle)],
};

async function report(objects: Manifest[], props: ServingPolicyProps = {}) {
  const path = join(mkdtempSync(join(directory, 'dist-')), 'test.k8s.yaml');
  writeFileSync(path, Yaml.stringify(...objects));
  const context = new ValidationContext([path], 'cdk8s-model-serving', '0.0.0', {
    [objects[0].metadata.name]: { path: 'test/model' },
  });
  await new ServingPolicy(props).validate(context);
  return context.report.toJson();
}

const codesOf = ({ violations }: { violations: readonly { ruleName: string }[] }) =>
  violations.map(({ ruleName }) => ruleName.slice(0, 6));

describe.each(Object.entries(DECLARATIONS))('%s', (_name, declare) => {
  test('passes as it is synthesized', async () => {
    const { violations, summary } = await report(synthesize(declare()));
    expect(violations).toEqual([]);
    expect(summary).toMatchObject({ status: 'success', metadata: { errors: '0', warnings: '0' } });
  });
});

describe.each(Object.entries(CHANGES))('%s', (name, changes) => {
  const { code, severity } = RULES[name as ManifestRule];

  test.each(changes.map((change) => [change]))(`${code} is broken by %#`, async (change) => {
    const objects = synthesize({ model: remoteModel() });
    change(objects);
    const result = await report(objects);
    expect(codesOf(result)).toContain(code);
    if (severity === 'error') {
      expect(result.summary.status).toBe('failure');
    }
    expect(codesOf(await report(objects, { ignore: [code] }))).not.toContain(code);
  });
});

describe('TLS', () => {
  const secret = Secret.fromSecretName(newChart(), 'tls', 'tls');
  const encrypted = () => synthesize({ tls: ServingTls.secret(secret) });

  test.each<[string, Change]>([
    ['a probe without TLS', onContainer(({ readinessProbe }) => delete readinessProbe.httpGet.scheme)],
    [
      'a probe by number without TLS',
      onContainer(({ livenessProbe }) => (livenessProbe.httpGet = { port: 8080, path: '/x' })),
    ],
    ['a probe of the metrics over TLS', onContainer(({ startupProbe }) => (startupProbe.httpGet.port = 'metrics'))],
    ['a probe without a certificate', onConfig(({ server }) => (server.tls.clientCaPath = '/tmp/ca.crt'))],
    ['certificates that are not mounted', onPod(({ containers }) => containers[0].volumeMounts.splice(-1, 1))],
  ])('%s is found', async (_name, change) => {
    const objects = encrypted();
    change(objects);
    expect(codesOf(await report(objects))).toContain('MS2010');
  });
});

describe('the report', () => {
  const broken = () => {
    const objects = synthesize({ model: remoteModel() });
    predictorOf(objects).image = 'runtime:1';
    return objects;
  };

  test('tells the resource, what was found, the rule and the fix', async () => {
    const objects = broken();
    const [violation] = (await report(objects)).violations;
    expect(violation).toMatchObject({
      ruleName: 'MS1602 Image by digest (warning)',
      recommendation: expect.stringMatching(/^An image is named by its digest .* A tag can be moved/),
      fix: expect.stringMatching(/docs\/rules\.md#ms1602$/),
      violatingConstructs: [
        {
          resourceName: objects[0].metadata.name,
          constructPath: 'test/model',
          locations: ["Deployment: The image of the container 'predictor' is 'runtime:1', a tag."],
        },
      ],
    });
  });

  test('a warning passes, unless it is strict', async () => {
    expect((await report(broken())).summary).toMatchObject({ status: 'success', metadata: { warnings: '1' } });
    expect((await report(broken(), { strict: true })).summary).toMatchObject({ status: 'failure' });
  });
});

describe('workloads of others', () => {
  const foreign = () => [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web' }] } },
      },
    },
  ];

  test('are left alone', async () => {
    expect((await report(foreign())).violations).toEqual([]);
  });

  test('are checked on request, except for what only a runtime has', async () => {
    const codes = codesOf(await report(foreign(), { allWorkloads: true }));
    expect(codes).toEqual(expect.arrayContaining(['MS1603', 'MS2001', 'MS2005', 'MS2009']));
    expect(codes).not.toContain('MS2010');
  });
});

test.each([
  ['nothing', []],
  ['documents that are no objects', [null, 'text', 1, []]],
  ['objects without anything', [{}, { kind: 'Deployment' }, { kind: 'ConfigMap' }, { kind: 'Service', spec: [] }]],
  ['a pod without containers', [{ kind: 'Deployment', metadata: { labels: 1 }, spec: { template: { spec: {} } } }]],
])('%s in the manifests do no harm', async (_name, documents) => {
  const path = join(mkdtempSync(join(directory, 'dist-')), 'test.k8s.yaml');
  writeFileSync(path, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
  const context = new ValidationContext([path], 'p', '0.0.0');
  await new ServingPolicy({ allWorkloads: true }).validate(context);
  expect(context.report.toJson().summary.status).toMatch(/success|failure/);
});

test('called by anything else, it says what it is', async () => {
  await expect(new ServingPolicy().validate({})).rejects.toThrow('validation plugin');
  await expect(new ServingPolicy().validate(undefined)).rejects.toThrow('validation plugin');
});

test('a misspelt property or code is refused, not ignored', () => {
  const props: object = { alWorkloads: true, ignore: ['MS9999'] };
  expect(() => new ServingPolicy(props)).toThrow(
    "ServingPolicy: it has no property 'alWorkloads'; there are ignore, strict, allWorkloads. ignore has 'MS9999'",
  );
});

import { DECLARATIONS } from '../support/declarations';
import { configOf, type Manifest, only, podOf, predictorOf, synthesize } from '../support/manifests';
import { podSecurityFindings } from '../support/pod-security';

/*
 * What kube-linter, kube-score and polaris report at their default level, and the Restricted Pod Security Standard,
 * as assertions on the manifests of every declaration.
 */
describe.each(Object.entries(DECLARATIONS))('%s', (_name, declare) => {
  let objects: Manifest[];
  let pod: Manifest;
  let containers: Manifest[];
  beforeAll(() => {
    objects = synthesize(declare());
    pod = podOf(objects);
    containers = [...(pod.initContainers ?? []), ...pod.containers];
  });

  test('meets the Restricted Pod Security Standard', () => {
    expect(podSecurityFindings(pod)).toEqual([]);
  });

  test('runs as a user and a group above 10000', () => {
    expect(pod.securityContext.runAsUser).toBeGreaterThanOrEqual(10_000);
    expect(pod.securityContext.runAsGroup).toBeGreaterThanOrEqual(10_000);
  });

  test('has a read-only root file system, and a size limit on every volume that is written to', () => {
    for (const { securityContext } of containers) {
      expect(securityContext.readOnlyRootFilesystem).toBe(true);
    }
    for (const { emptyDir } of pod.volumes.filter((volume: Manifest) => volume.emptyDir !== undefined)) {
      expect(emptyDir.sizeLimit).toMatch(/^\d+Mi$/);
    }
  });

  test('writes to nothing but /tmp and its prediction log while it serves', () => {
    const writable = predictorOf(objects).volumeMounts.filter(({ readOnly }: Manifest) => readOnly !== true);
    const logs = configOf(objects).models[0].predictionLog?.sink.type === 'file';
    expect(writable).toEqual([
      { name: 'tmp', mountPath: '/tmp' },
      ...(logs ? [{ name: 'prediction-log', mountPath: '/var/log/model-serving' }] : []),
    ]);
  });

  test('mounts every volume once in a container, none inside another, and each is used', () => {
    const volumes: string[] = pod.volumes.map(({ name }: Manifest) => name);
    expect(new Set(volumes).size).toBe(volumes.length);
    const used = containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }: Manifest) => name));
    expect(new Set(used)).toEqual(new Set(volumes));
    for (const { volumeMounts } of containers) {
      const paths: string[] = volumeMounts.map(({ mountPath }: Manifest) => mountPath);
      expect(paths.filter((path) => paths.some((other) => path.startsWith(`${other}/`)))).toEqual([]);
      expect(new Set(paths).size).toBe(paths.length);
    }
  });

  test('finds every file of its configuration in a mounted volume', () => {
    const paths: string[] = containers.flatMap(({ volumeMounts }) =>
      volumeMounts.map(({ mountPath }: Manifest) => mountPath),
    );
    const files = [...JSON.stringify(configOf(objects)).matchAll(/"(?:\w*P|p)ath":"([^"]+)"/g)].map(([, file]) => file);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(paths.some((path) => file === path || file?.startsWith(`${path}/`))).toBe(true);
    }
  });

  test('has requests and limits of CPU, memory and ephemeral storage everywhere', () => {
    for (const { resources } of containers) {
      for (const list of [resources.requests, resources.limits]) {
        expect(Object.keys(list)).toEqual(expect.arrayContaining(['cpu', 'memory', 'ephemeral-storage']));
      }
    }
  });

  test('mounts no token, and shares no service account', () => {
    expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    expect(only(objects, 'ServiceAccount')).toMatchObject({
      metadata: { name: pod.serviceAccountName },
      automountServiceAccountToken: false,
    });
  });

  test('takes secrets as files only', () => {
    const secretNames = containers.flatMap(({ env = [] }) => env.map(({ name }: Manifest) => name));
    expect(secretNames.filter((name: string) => /^(AWS|AZURE|GOOGLE)_/.test(name))).toEqual([]);
  });

  test('has three probes, and liveness is not readiness', () => {
    const { startupProbe, readinessProbe, livenessProbe } = predictorOf(objects);
    const paths = [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet.path);
    expect(paths).toEqual(['/v2/health/ready', '/v2/health/ready', '/v2/health/live']);
  });

  test('stops without losing requests', () => {
    const { command } = predictorOf(objects).lifecycle.preStop.exec;
    expect(command).toEqual(['model-serving', 'sleep', '--seconds', '10']);
    const { drainTimeoutMillis } = configOf(objects).server;
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThanOrEqual(10_000 + drainTimeoutMillis + 5_000);
  });

  test('updates without losing capacity', () => {
    const { spec } = only(objects, 'Deployment');
    expect(spec).toMatchObject({
      minReadySeconds: 5,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
    });
    const { periodSeconds, failureThreshold } = predictorOf(objects).startupProbe;
    expect(spec.progressDeadlineSeconds).toBeGreaterThan(periodSeconds * failureThreshold);
    expect(spec.replicas === undefined).toBe(objects.some(({ kind }) => kind === 'HorizontalPodAutoscaler'));
  });

  test('spreads over zones and nodes without insisting', () => {
    const constraints: Manifest[] = pod.topologySpreadConstraints;
    expect(constraints.map(({ topologyKey }) => topologyKey)).toEqual([
      'topology.kubernetes.io/zone',
      'kubernetes.io/hostname',
    ]);
    expect(new Set(constraints.map(({ whenUnsatisfiable }) => whenUnsatisfiable))).toEqual(new Set(['ScheduleAnyway']));
  });

  test('denies by default, and resolves names', () => {
    const { spec } = only(objects, 'NetworkPolicy');
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(spec.egress[0].ports).toEqual([
      { port: 53, protocol: 'UDP' },
      { port: 53, protocol: 'TCP' },
    ]);
    expect(JSON.stringify(spec.egress)).not.toContain('"0.0.0.0/0"}');
  });

  test('carries the standard labels on objects and pods', () => {
    const { metadata } = only(objects, 'Deployment').spec.template;
    for (const { labels } of [...objects.map((object) => object.metadata), metadata]) {
      expect(labels).toMatchObject({
        'app.kubernetes.io/name': 'Iris_1',
        'app.kubernetes.io/version': '2026.11-rc1',
        'app.kubernetes.io/instance': only(objects, 'Service').metadata.name,
        'app.kubernetes.io/component': 'predictor',
        'app.kubernetes.io/part-of': 'test',
        'app.kubernetes.io/managed-by': 'cdk8s-model-serving',
      });
    }
  });

  test('every selector finds the pods', () => {
    const { template, selector } = only(objects, 'Deployment').spec;
    const selectors = [
      selector.matchLabels,
      only(objects, 'Service').spec.selector,
      only(objects, 'NetworkPolicy').spec.podSelector.matchLabels,
      ...objects
        .filter(({ kind }) => kind === 'PodDisruptionBudget')
        .map(({ spec }: Manifest) => spec.selector.matchLabels),
    ];
    for (const labels of selectors) {
      expect(Object.keys(labels)).toHaveLength(2);
      expect(template.metadata.labels).toMatchObject(labels);
    }
  });
});

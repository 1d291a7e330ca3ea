import { ApiObject, type Chart, JsonPatch } from 'cdk8s';
import {
  CanaryRollout,
  CanaryStep,
  DesiredChange,
  Guardrail,
  ModelGateway,
  OnlineModel,
  type OnlineModelProps,
  OutcomeMetric,
  Scaling,
} from 'cdk8s-model-serving';
import { failureOf, type Manifest, newChart, only, podOf } from '../support/manifests';
import { podSecurityFindings } from '../support/pod-security';
import { declareRollout, ENOUGH, iris, objectsOf, rolloutConfigOf, synthesizeRollout } from './rollouts';

const SHADOW = CanaryStep.shadow({ percent: 100, comparePercent: 10, minSamples: 500 });
const REVENUE = OutcomeMetric.reportedRatio('revenue', { cap: 500 });
const COMPLAINTS = OutcomeMetric.prometheus('complaints', {
  url: 'https://prometheus.example.com:9443',
  count: 'c{v="{version}"}',
  sum: 's{v="{version}"}',
  sumOfSquares: 'q{v="{version}"}',
});
const COMPARING = { steps: [SHADOW], guardrails: [Guardrail.disagreement({ max: 0.1, tolerance: 0.5 })] };

describe('the live state', () => {
  test('is in a ConfigMap and a Lease that the manifests leave empty, so that applying them again changes nothing', () => {
    const objects = synthesizeRollout();
    const name = only(objects, 'Lease').metadata.name;
    const state = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
    for (const object of [state, only(objects, 'Lease')]) {
      expect(Object.keys(object).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
      expect(object.metadata.annotations).toBeUndefined();
    }
  });

  test('has the same name whatever the candidate is: the rollout goes on in it', () => {
    const name = (version: string) => declareRollout({ candidate: { model: iris(version) } }).rollout.name;
    expect(name('v2')).toBe(name('v3'));
  });
});

describe('the configuration', () => {
  test('has a name that changes with its content, and never changes itself', () => {
    const [first, same, other] = [{}, {}, COMPARING].map((props) => {
      const { metadata, immutable } = only(synthesizeRollout(props), 'ConfigMap', '-config-');
      expect(immutable).toBe(true);
      return metadata.name;
    });
    expect(first).toBe(same);
    expect(first).not.toBe(other);
  });

  test('has every kind of step and guardrail', () => {
    const objects = synthesizeRollout({
      steps: [
        SHADOW,
        CanaryStep.header('x-canary', 'yes', ENOUGH),
        CanaryStep.weight(0.07, ENOUGH),
        CanaryStep.analysis({ duration: ENOUGH.minDuration, minSamples: 7 }),
        CanaryStep.pause(),
      ],
      guardrails: [
        Guardrail.errorRate({ max: 0, confidence: 0.95, minSamples: 50, name: 'none' }),
        Guardrail.errorRateIncrease({ margin: 0.005 }),
        Guardrail.latency({ budget: ENOUGH.minDuration, maxShareOver: 0.01 }),
        Guardrail.latencyIncrease({ budget: ENOUGH.minDuration, margin: 0.02 }),
        Guardrail.disagreement({ max: 0.1 }),
        Guardrail.outcome({ metric: REVENUE, desiredChange: DesiredChange.INCREASE, margin: 0.5 }),
        Guardrail.outcome({ metric: COMPLAINTS, desiredChange: DesiredChange.DECREASE, margin: 0, minSamples: 5000 }),
      ],
    });
    const { steps, guardrails, outcomes } = rolloutConfigOf(objects);
    expect(steps).toEqual([
      { type: 'shadow', share: 10_000, comparison: 1000, minSamples: 500 },
      { type: 'header', minMillis: 600_000, minSamples: 1000 },
      { type: 'weight', share: 7, minMillis: 600_000, minSamples: 1000 },
      { type: 'analysis', minMillis: 600_000, minSamples: 7 },
      { type: 'pause' },
    ]);
    const rest = { alpha: 0.01, minSamples: 200 };
    expect(guardrails).toEqual([
      { name: 'none', type: 'errorRate', max: 0, alpha: 0.05, minSamples: 50 },
      { name: 'error-rate-increase', type: 'errorRateIncrease', margin: 0.005, ...rest },
      { name: 'latency-600000ms', type: 'latency', max: 0.01, budgetMillis: 600_000, ...rest },
      { name: 'latency-increase-600000ms', type: 'latencyIncrease', margin: 0.02, budgetMillis: 600_000, ...rest },
      { name: 'disagreement', type: 'disagreement', max: 0.1, tolerance: 0.000001, ...rest },
      {
        name: 'revenue',
        type: 'outcome',
        outcome: 'revenue',
        direction: 'lower-is-worse',
        margin: 0.5,
        alpha: 0.01,
        minSamples: 1000,
      },
      {
        name: 'complaints',
        type: 'outcome',
        outcome: 'complaints',
        direction: 'higher-is-worse',
        margin: 0,
        alpha: 0.01,
        minSamples: 5000,
      },
    ]);
    expect(outcomes).toEqual([
      { name: 'revenue', source: 'reported', ratio: true, cap: 500 },
      {
        name: 'complaints',
        source: 'prometheus',
        url: 'https://prometheus.example.com:9443',
        queries: { count: 'c{v="{version}"}', sum: 's{v="{version}"}', sumSquares: 'q{v="{version}"}' },
      },
    ]);
  });

  test.each([
    [0.99, 0.01],
    [0.95, 0.05],
    [0.985, 0.015],
    [0.9999, 0.0001],
  ])('a confidence of %d is an error probability of %d, to the last digit', (confidence, alpha) => {
    const guardrails = [Guardrail.errorRate({ max: 0.01, confidence })];
    expect(rolloutConfigOf(synthesizeRollout({ guardrails })).guardrails[0].alpha).toBe(alpha);
  });

  test('names the clusters that the router told', () => {
    const { stable, candidate } = rolloutConfigOf(synthesizeRollout());
    expect(stable).toMatchObject({ clusters: ['old-http', 'old-grpc'], shadowClusters: [] });
    expect(candidate).toMatchObject({ clusters: ['new-http', 'new-grpc'], shadowClusters: ['new-shadow'] });
    expect(candidate).not.toHaveProperty('pinClusters');
    const steps = [CanaryStep.header('x-canary', 'yes', ENOUGH), CanaryStep.weight(10, ENOUGH)];
    expect(rolloutConfigOf(synthesizeRollout({ steps })).candidate.pinClusters).toEqual(['new-pin']);
  });
});

describe('the controller', () => {
  test('is one, and during an update none rather than two', () => {
    const { spec } = only(synthesizeRollout(), 'Deployment');
    expect(spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(spec.strategy).not.toHaveProperty('rollingUpdate');
  });

  test('runs the role of its own with its own configuration', () => {
    const objects = synthesizeRollout();
    const { containers, volumes } = podOf(objects);
    expect(containers).toHaveLength(1);
    expect(containers[0]).toMatchObject({
      name: 'rollout',
      args: ['rollout', '--config', '/etc/model-serving/config.json'],
      readinessProbe: { httpGet: { path: '/ready', port: 'metrics' } },
      livenessProbe: { httpGet: { path: '/live', port: 'metrics' } },
      ports: [
        { name: 'http', containerPort: 8080 },
        { name: 'metrics', containerPort: 8082 },
      ],
    });
    expect(volumes).toContainEqual({
      name: 'config',
      configMap: { name: only(objects, 'ConfigMap', '-config-').metadata.name },
    });
  });

  test('has its token where clients of the Kubernetes API look for it, and nobody else has', () => {
    const { automountServiceAccountToken, volumes, containers } = podOf(synthesizeRollout());
    expect(automountServiceAccountToken).toBe(false);
    const { name } = volumes.find(({ projected }: Manifest) => projected !== undefined);
    expect(containers[0].volumeMounts).toContainEqual({
      name,
      mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
      readOnly: true,
    });
  });

  test('meets the Restricted Pod Security Standard, with limits of everything', () => {
    const pod = podOf(synthesizeRollout(COMPARING));
    expect(podSecurityFindings(pod)).toEqual([]);
    const { securityContext, resources } = pod.containers[0];
    expect(securityContext.readOnlyRootFilesystem).toBe(true);
    expect(resources).toEqual({
      requests: { cpu: '100m', memory: '256Mi', 'ephemeral-storage': '256Mi' },
      limits: { cpu: '1', memory: '256Mi', 'ephemeral-storage': '320Mi' },
    });
  });

  test('may do what it needs, to what is its own, and nothing else', () => {
    const { rules, metadata } = only(synthesizeRollout(), 'Role');
    const resourceNames = [metadata.name];
    expect(rules).toEqual([
      { apiGroups: [''], resources: ['configmaps'], resourceNames, verbs: ['get', 'list', 'watch', 'update', 'patch'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames, verbs: ['get', 'update', 'patch'] },
      { apiGroups: [''], resources: ['events'], verbs: ['create'] },
    ]);
    const binding = only(synthesizeRollout(), 'RoleBinding');
    expect(binding.roleRef).toEqual({
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'Role',
      name: metadata.name,
    });
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name: metadata.name, namespace: 'ml' }]);
  });

  test('lets the gateway in for comparisons alone', () => {
    const ingress = (props: Parameters<typeof synthesizeRollout>[0]) =>
      only(synthesizeRollout(props), 'NetworkPolicy').spec.ingress.map(({ from, ports }: Manifest) => [
        JSON.stringify(from),
        ports[0].port,
      ]);
    expect(ingress({})).toEqual([[expect.stringContaining('monitoring'), 8082]]);
    expect(ingress(COMPARING)).toEqual([
      [JSON.stringify([{ podSelector: { matchLabels: { app: 'router' } } }]), 8080],
      [expect.stringContaining('monitoring'), 8082],
    ]);
  });

  test('connects to both versions, the gateway, the Kubernetes API and DNS, and nothing else', () => {
    const declared = declareRollout();
    const { egress } = only(objectsOf(declared), 'NetworkPolicy').spec;
    const to = (model: OnlineModel) => ({ podSelector: { matchLabels: model.service.toJson().spec.selector } });
    const tcp = (...ports: number[]) => ports.map((port) => ({ port, protocol: 'TCP' }));
    expect(egress.slice(1)).toEqual([
      { to: [to(declared.stable), to(declared.candidate)], ports: tcp(8080) },
      { ports: tcp(443) },
      { ports: tcp(6443) },
      { to: [{ podSelector: { matchLabels: { app: 'router' } } }], ports: tcp(8082, 8083) },
    ]);
    expect(egress[0].ports).toEqual([
      { port: 53, protocol: 'UDP' },
      { port: 53, protocol: 'TCP' },
    ]);
  });

  test('has a Service when a step compares answers, which the router is told', () => {
    const declared = declareRollout({ props: COMPARING });
    const { spec, metadata } = only(objectsOf(declared), 'Service');
    expect(spec.ports).toEqual([{ name: 'http', port: 8080, targetPort: 'http' }]);
    expect(only(objectsOf(declared), 'Deployment').spec.template.metadata.labels).toMatchObject(spec.selector);
    expect(declared.router.requests[0]?.comparisonHost).toBe(`${metadata.name}.ml.svc`);
    expect(synthesizeRollout().map(({ kind }) => kind)).not.toContain('Service');
  });

  test('is told of outcomes on a port of its own, and asks the Prometheus that has others', () => {
    const guardrails = [REVENUE, COMPLAINTS].map((metric) =>
      Guardrail.outcome({ metric, desiredChange: DesiredChange.INCREASE, margin: 1 }),
    );
    const declared = declareRollout({ props: { guardrails } });
    const objects = objectsOf(declared);
    const { spec, metadata } = only(objects, 'Service');
    expect(spec.ports).toEqual([{ name: 'outcomes', port: 8081, targetPort: 'outcomes' }]);
    expect(declared.rollout.outcomesUrl).toBe(`http://${metadata.name}.ml.svc:8081/outcomes`);
    expect(podOf(objects).containers[0].ports).toContainEqual({ name: 'outcomes', containerPort: 8081 });
    expect(only(objects, 'NetworkPolicy').spec.egress).toContainEqual(
      expect.objectContaining({ ports: [{ port: 9443, protocol: 'TCP' }] }),
    );
    expect(declareRollout().rollout.outcomesUrl).toBeUndefined();
    const both = synthesizeRollout({ steps: [SHADOW, CanaryStep.weight(10, ENOUGH)], guardrails });
    expect(only(both, 'Service').spec.ports.map(({ port }: Manifest) => port)).toEqual([8080, 8081]);
  });

  test('can be patched as a whole, by the default child', () => {
    const declared = declareRollout();
    ApiObject.of(declared.rollout).addJsonPatch(JsonPatch.replace('/spec/paused', true));
    expect(only(objectsOf(declared), 'Deployment').spec.paused).toBe(true);
  });
});

describe('the versions', () => {
  /** Objects of two versions behind a real gateway, with and without a rollout between them. */
  const versions = (withRollout: boolean, props: Partial<OnlineModelProps> = {}): Manifest[] => {
    const chart = newChart();
    const gateway = new ModelGateway(chart, 'gateway');
    const stable = new OnlineModel(chart, 'v1', { model: iris('v1'), ...props });
    const candidate = new OnlineModel(chart, 'v2', { model: iris('v2'), ...props });
    gateway.addModel(stable, { defaultVersion: true });
    gateway.addModel(candidate);
    if (withRollout) {
      new CanaryRollout(chart, 'rollout', { gateway, stable, candidate, ...COMPARING });
    }
    return chart.toJson().filter(({ metadata }: Manifest) => /^iris-v\d/.test(metadata.name));
  };

  test.each<[string, Partial<OnlineModelProps>]>([
    ['plain', {}],
    ['autoscaled', { scaling: Scaling.onCpu({ maxReplicas: 5 }) }],
  ])('stay as they are, object by object: %s', (_name, props) => {
    const before = versions(false, props);
    expect(before.length).toBeGreaterThanOrEqual(12);
    expect(versions(true, props)).toEqual(before);
  });

  test('let the controller in where they let in nobody but the gateway, and change in nothing else', () => {
    const chart = newChart();
    const gateway = new ModelGateway(chart, 'gateway');
    const behind = (version: string) => new OnlineModel(chart, version, { model: iris(version), gateway });
    const [stable, candidate] = [behind('v1'), behind('v2')];
    const snapshot = () =>
      [stable, candidate].flatMap(({ deployment, service }) => [deployment, service].map((o) => o.toJson()));
    const before = snapshot();
    const rollout = new CanaryRollout(chart, 'rollout', { gateway, stable, candidate, ...COMPARING });
    expect(snapshot()).toEqual(before);
    for (const { networkPolicy } of [stable, candidate]) {
      expect(networkPolicy.toJson().spec.ingress).toContainEqual({
        from: [{ podSelector: { matchLabels: rollout.deployment.toJson().spec.selector.matchLabels } }],
        ports: [{ port: 8080, protocol: 'TCP' }],
      });
    }
    expect(failureOf(chart)).toBe('');
  });

  test('the candidate is the stable version of a later program, and keeps its pods', () => {
    const program = (declare: (chart: Chart, gateway: ModelGateway) => void): Manifest[] => {
      const chart = newChart();
      declare(chart, new ModelGateway(chart, 'gateway'));
      return chart.toJson();
    };
    const version = (chart: Chart, gateway: ModelGateway, name: string) =>
      new OnlineModel(chart, name, { model: iris(name), gateway });
    const rollout = (chart: Chart, gateway: ModelGateway, from: string, to: string) =>
      new CanaryRollout(chart, 'rollout', {
        gateway,
        stable: version(chart, gateway, from),
        candidate: version(chart, gateway, to),
        ...COMPARING,
      });
    const during = program((chart, gateway) => rollout(chart, gateway, 'v1', 'v2'));
    const after = program((chart, gateway) => version(chart, gateway, 'v2'));
    const next = program((chart, gateway) => rollout(chart, gateway, 'v2', 'v3'));
    for (const later of [after, next]) {
      for (const kind of ['Deployment', 'Service', 'PodDisruptionBudget']) {
        const of = (objects: Manifest[]) =>
          objects.find(({ kind: each, metadata }) => each === kind && /^iris-v2-\w{8}$/.test(metadata.name));
        expect(of(later)).toEqual(of(during));
      }
    }
    const state = (objects: Manifest[]) => only(objects, 'Lease').metadata.name;
    expect(state(next)).toBe(state(during));
  });
});

test('a rollout behind a real gateway breaks no rule', () => {
  const chart = newChart();
  const gateway = new ModelGateway(chart, 'gateway');
  const [stable, candidate] = ['v1', 'v2'].map(
    (version) => new OnlineModel(chart, version, { model: iris(version) }),
  ) as [OnlineModel, OnlineModel];
  const steps = [CanaryStep.header('x-canary', 'yes', ENOUGH), ...COMPARING.steps];
  new CanaryRollout(chart, 'rollout', { gateway, stable, candidate, ...COMPARING, steps });
  expect(failureOf(chart)).toBe('');
  const {
    stable: old,
    candidate: offered,
    gateway: proxies,
  } = rolloutConfigOf(chart.toJson().filter(({ metadata }: Manifest) => metadata.name.startsWith('iris-rollout')));
  const bootstrap = JSON.stringify(chart.toJson());
  for (const cluster of [...old.clusters, ...offered.clusters, ...offered.shadowClusters, ...offered.pinClusters]) {
    expect(bootstrap).toContain(cluster);
  }
  const services = chart
    .toJson()
    .flatMap(({ kind, metadata }: Manifest) => (kind === 'Service' ? [metadata.name] : []));
  for (const host of [old.podsHost, offered.podsHost, proxies.podsHost, new URL(old.url).host]) {
    expect(services).toContain(host.split('.')[0]);
  }
});

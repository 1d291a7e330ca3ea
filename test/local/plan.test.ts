import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_PROXY_IMAGE } from '../../lib/contract';
import { ManifestError } from '../../runtime/src/local';
import { objectsOf } from '../../runtime/src/local/objects';
import { type PlanOptions, type PodPlan, planPods } from '../../runtime/src/local/pod-plan';
import { planService, type ServicePlan } from '../../runtime/src/local/service-plan';
import { temporaryDirectory } from '../support/temporary';
import { configMap, container, deployment, type KubernetesObject, secret, service } from '../support/workload';

const root = temporaryDirectory();

interface Planned {
  readonly pods: PodPlan[];
  readonly services: ServicePlan[];
  readonly problems: string[];
}

function plan(objects: readonly KubernetesObject[], options: Partial<PlanOptions> = {}): Planned {
  const found = objectsOf(objects);
  const problems: string[] = [];
  const all = { objects: found, volumes: {}, runtimeImages: [], ...options };
  const pods = found.deployments.flatMap((one) => planPods(one, all, problems));
  const services = found.services.flatMap((one) => planService(one, pods, problems));
  return { pods, services, problems };
}

/** Environment of the only container of the only pod. */
function environment(
  fields: Readonly<Record<string, unknown>>,
  ...others: KubernetesObject[]
): Readonly<Record<string, string>> | undefined {
  const { pods, problems } = plan([deployment('a', { containers: [container(fields)] }), ...others]);
  expect(problems).toEqual([]);
  return pods[0]?.containers[0]?.environment;
}

describe('the number of pods', () => {
  const autoscaler = (name: string, spec: object): KubernetesObject => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: 'ml' },
    spec: { scaleTargetRef: { kind: 'Deployment', name }, maxReplicas: 9, ...spec },
  });

  it.each([
    ['is that of the Deployment', { replicas: 3 }, [], 3],
    ['is 1 when nothing says it', {}, [], 1],
    ['can be 0', { replicas: 0 }, [], 0],
    ["is the autoscaler's minimum when the Deployment has none", {}, [autoscaler('a', { minReplicas: 2 })], 2],
    ["is the autoscaler's default minimum", {}, [autoscaler('a', {})], 1],
    ['is not that of the autoscaler of another', {}, [autoscaler('b', { minReplicas: 2 })], 1],
  ])('%s', (_, spec, others, expected) => {
    expect(plan([deployment('a', {}, spec), ...others]).pods).toHaveLength(expected);
  });

  const scaled = (kind: string, spec: object): KubernetesObject => ({
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name: 'a', namespace: 'ml' },
    spec: { scaleTargetRef: { kind, name: 'a' }, maxReplicaCount: 9, ...spec },
  });
  const statefulSet = (spec: Readonly<Record<string, unknown>>) => ({
    ...deployment('a', {}, spec),
    kind: 'StatefulSet',
  });

  it.each([
    ['is that of the StatefulSet', { replicas: 2 }, [], 2],
    ['is the minimum of its ScaledObject', {}, [scaled('StatefulSet', { minReplicaCount: 3 })], 3],
    ['is 1 where KEDA would start with none', {}, [scaled('StatefulSet', { minReplicaCount: 0 })], 1],
  ])('%s', (_, spec, others, expected) => {
    const { pods } = plan([statefulSet(spec), ...others]);
    expect(pods.map(({ identity }) => identity.name)).toEqual(
      Array.from({ length: expected }, (_each, index) => `a-${index}`),
    );
  });

  it('gives each a name of its own', () => {
    const { pods } = plan([deployment('a', {}, { replicas: 2 })]);
    expect(pods.map(({ identity }) => identity.name)).toEqual(['a-0', 'a-1']);
  });
});

describe('what a container runs', () => {
  const args = (fields: Readonly<Record<string, unknown>>, options: Partial<PlanOptions> = {}) => {
    const { pods, problems } = plan([deployment('a', { containers: [container(fields)] })], options);
    return problems.length === 0 ? pods[0]?.containers[0]?.args : problems;
  };

  it('is the entry point with the arguments, when the image is the runtime', () => {
    expect(args({ args: ['predictor', '--config', '/c'] })).toEqual(['predictor', '--config', '/c']);
    expect(args({ image: 'ghcr.io/cdk8s-model-serving/runtime@sha256:abc', args: ['fetch'] })).toEqual(['fetch']);
  });

  it('is the command with the arguments, whatever the image', () => {
    expect(
      args({ image: 'mirror.example:5000/x:1', command: ['model-serving', 'predictor'], args: ['--config', '/c'] }),
    ).toEqual(['predictor', '--config', '/c']);
  });

  it('has variables replaced as Kubernetes does', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '$(A)$(NONE)' },
    ];
    expect(args({ env, args: ['sleep', '$(A)', '$$(A)', '$(NONE)', 'x$(B)y', '$A'] })).toEqual([
      'sleep',
      '1',
      '$(A)',
      '$(NONE)',
      'x1$(NONE)y',
      '$A',
    ]);
  });

  it('is refused when it is not this runtime, naming container and image', () => {
    expect(args({ image: 'nvcr.io/nvidia/tritonserver:25.01', command: ['tritonserver'] })).toEqual([
      expect.stringMatching(
        /a: container main runs "tritonserver" of the image nvcr\.io\/nvidia\/tritonserver:25\.01, and only model-serving/,
      ),
    ]);
    expect(args({ image: 'mirror.example:5000/runtime:1' })).toEqual([
      expect.stringMatching(/the entry point of the image mirror\.example:5000\/runtime:1/),
    ]);
  });

  it('may come from a copy of the image that is named', () => {
    expect(
      args(
        { image: 'mirror.example:5000/runtime:1', args: ['fetch'] },
        { runtimeImages: ['mirror.example:5000/runtime'] },
      ),
    ).toEqual(['fetch']);
  });
});

describe('the container of a proxy', () => {
  const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 9901 } } };
  const listener = { address: { socket_address: { address: '0.0.0.0', port_value: 8080 } } };
  const text = JSON.stringify({ admin, static_resources: { listeners: [listener] } });
  const volumes = [{ name: 'envoy', configMap: { name: 'envoy' } }];
  const envoyContainer = (fields: object = {}) =>
    container({
      name: 'envoy',
      image: DEFAULT_PROXY_IMAGE,
      args: ['-c', '/etc/envoy/bootstrap.json', '--reject-unknown-dynamic-fields'],
      ports: [{ name: 'http', containerPort: 8080 }],
      volumeMounts: [{ name: 'envoy', mountPath: '/etc/envoy' }],
      ...fields,
    });
  const planned = (fields: object = {}, options: Partial<PlanOptions> = {}, bootstrap = text) =>
    plan(
      [
        deployment('a', { containers: [envoyContainer(fields)], volumes }),
        configMap('envoy', { 'bootstrap.json': bootstrap }),
      ],
      options,
    );

  it('runs the router of this runtime, or the Envoy of this machine', () => {
    const args = ['-c', '/etc/envoy/bootstrap.json', '--reject-unknown-dynamic-fields'];
    expect(planned().pods[0]?.containers[0]?.args).toEqual(['proxy', '--', ...args]);
    const envoy = { file: '/opt/envoy', version: '1.40.0' };
    expect(planned({}, { envoy }).pods[0]?.containers[0]?.args).toEqual([
      'proxy',
      '--envoy',
      '/opt/envoy',
      '--',
      ...args,
    ]);
  });

  it('may call Envoy by name, or be of a copy of its image', () => {
    const other = { image: 'mirror.example:5000/envoy:1' };
    expect(planned({ ...other, command: ['/usr/local/bin/envoy'] }).problems).toEqual([]);
    expect(planned(other, { proxyImages: ['mirror.example:5000/envoy'] }).problems).toEqual([]);
    expect(planned(other).problems).toEqual([
      expect.stringMatching(/the entry point of the image mirror.*--proxy-image/),
    ]);
  });

  it('has the ports of its bootstrap, the administration too', () => {
    const ports = planned().pods[0]?.containers[0]?.ports.map(({ containerPort }) => containerPort);
    expect(new Set(ports)).toEqual(new Set([8080, 9901]));
  });

  it.each([
    ['without a bootstrap', { args: ['--log-level', 'info'] }, text, /names no bootstrap/],
    [
      'with a bootstrap from elsewhere',
      { args: ['-c', '/tmp/x.json'] },
      text,
      /the bootstrap \/tmp\/x\.json is in no ConfigMap/,
    ],
    ['with a bootstrap that is none', {}, '[]', /the bootstrap \/etc\/envoy\/bootstrap\.json cannot be read/],
  ])('is refused %s', (_, fields, bootstrap, message) => {
    expect(planned(fields, {}, bootstrap).problems).toEqual([expect.stringMatching(message)]);
  });

  it('may have a hook that asks another container of its pod', () => {
    const lifecycle = { preStop: { httpGet: { path: '/drain', port: 8083 } } };
    const agent = container({ name: 'agent', ports: [{ name: 'agent', containerPort: 8083 }] });
    const objects = (others: object[]) => [
      deployment('a', { containers: [envoyContainer({ lifecycle }), ...others], volumes }),
      configMap('envoy', { 'bootstrap.json': text }),
    ];
    const { pods, problems } = plan(objects([agent]));
    expect(problems).toEqual([]);
    expect(pods[0]?.containers[0]?.preStop).toMatchObject({ path: '/drain', port: 8083 });
    expect(plan(objects([])).problems).toEqual([expect.stringMatching(/preStop: the container declares no port 8083/)]);
  });
});

describe('the environment of a container', () => {
  it('has the values of the manifest, each seeing those above it', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '$(A)-$(C)' },
      { name: 'C', value: '3' },
      { name: 'EMPTY' },
    ];
    expect(environment({ env })).toEqual({ A: '1', B: '1-$(C)', C: '3', EMPTY: '' });
  });

  it('has keys of ConfigMaps and Secrets, `env` over `envFrom`', () => {
    const fields = {
      envFrom: [
        { configMapRef: { name: 'c' } },
        { prefix: 'S_', secretRef: { name: 's' } },
        { secretRef: { name: 'none', optional: true } },
      ],
      env: [
        { name: 'K', valueFrom: { configMapKeyRef: { name: 'c', key: 'KEY' } } },
        { name: 'T', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } },
        { name: 'NONE', valueFrom: { secretKeyRef: { name: 's', key: 'none', optional: true } } },
        { name: 'OVER', value: 'env' },
      ],
    };
    const objects = [
      configMap('c', { KEY: 'value', OVER: 'map' }),
      secret('s', { token: 'plain' }, { data: { token: 'b3Zlcg==', old: 'YjY0' } }),
    ];
    expect(environment(fields, ...objects)).toEqual({
      KEY: 'value',
      OVER: 'env',
      S_token: 'plain',
      S_old: 'b64',
      K: 'value',
      T: 'plain',
    });
  });

  it('has fields and resources', () => {
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    const resource = (name: string, reference: object) => ({ name, valueFrom: { resourceFieldRef: reference } });
    const env = [
      field('NAME', 'metadata.name'),
      field('NAMESPACE', 'metadata.namespace'),
      field('IP', 'status.podIP'),
      field('LABEL', "metadata.labels['app']"),
      resource('CPU', { resource: 'limits.cpu' }),
      resource('MILLI', { resource: 'limits.cpu', divisor: '1m' }),
      resource('MEMORY', { resource: 'limits.memory', divisor: '1Mi' }),
      resource('REQUEST', { resource: 'requests.memory' }),
    ];
    const resources = { limits: { cpu: '1500m', memory: '512Mi' }, requests: { memory: '1M' } };
    expect(environment({ env, resources })).toEqual({
      NAME: 'a-0',
      NAMESPACE: 'ml',
      IP: '127.0.0.1',
      LABEL: 'a',
      CPU: '2',
      MILLI: '1500',
      MEMORY: '512',
      REQUEST: '1000000',
    });
  });
});

describe('volumes', () => {
  const volume = (source: object, options: Partial<PlanOptions> = {}, ...others: KubernetesObject[]) => {
    const { pods, problems } = plan([deployment('a', { volumes: [{ name: 'v', ...source }] }), ...others], options);
    return problems.length === 0 ? pods[0]?.volumes.get('v') : problems;
  };
  const files = (...entries: [string, string, number][]) => ({
    kind: 'files',
    files: new Map(entries.map(([path, content, mode]) => [path, { content: Buffer.from(content), mode }])),
  });

  it('are empty directories', () => {
    expect(volume({ emptyDir: { sizeLimit: '1Gi' } })).toEqual({ kind: 'empty' });
  });

  it('are the keys of a ConfigMap, of a Secret, or of both', () => {
    const objects = [configMap('c', { a: '1', b: '2' }, { binaryData: { bin: 'AAE=' } }), secret('s', { t: '3' })];
    expect(volume({ configMap: { name: 'c' } }, {}, ...objects)).toEqual(
      files(['bin', '\0\x01', 0o644], ['a', '1', 0o644], ['b', '2', 0o644]),
    );
    const items = [{ key: 'a', path: 'dir/x', mode: 0o400 }];
    expect(volume({ configMap: { name: 'c', items } }, {}, ...objects)).toEqual(files(['dir/x', '1', 0o400]));
    expect(volume({ secret: { secretName: 's', defaultMode: 0o440 } }, {}, ...objects)).toEqual(
      files(['t', '3', 0o440]),
    );
    const sources = [{ configMap: { name: 'c', items: [{ key: 'a', path: 'a' }] } }, { secret: { name: 's' } }];
    expect(volume({ projected: { sources } }, {}, ...objects)).toEqual(files(['a', '1', 0o644], ['t', '3', 0o644]));
    expect(volume({ configMap: { name: 'none', optional: true } })).toEqual(files());
  });

  it('are what a pod needs to ask the Kubernetes API, without a secret in it', () => {
    const sources = [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    ];
    const planned = volume({ projected: { sources, defaultMode: 0o440 } });
    const text = expect.stringMatching(/none on this machine/);
    expect(planned).toMatchObject({ kind: 'files' });
    const found = [...(planned as unknown as { files: Map<string, { content: Buffer; mode: number }> }).files];
    expect(found.map(([path, { content, mode }]) => [path, content.toString(), mode])).toEqual([
      ['token', text, 0o440],
      ['ca.crt', text, 0o440],
      ['namespace', 'ml', 0o440],
    ]);
  });

  it('are directories of this machine where the cluster has something else', () => {
    mkdirSync(join(root, 'models'), { recursive: true });
    const directory = join(root, 'models');
    const expected = { kind: 'directory', path: directory };
    expect(volume({ persistentVolumeClaim: { claimName: 'claim' } }, { volumes: { claim: directory } })).toEqual(
      expected,
    );
    expect(volume({ image: { reference: 'r.example/m:1' } }, { volumes: { 'r.example/m:1': directory } })).toEqual(
      expected,
    );
    expect(volume({ nfs: { server: 'x' } }, { volumes: { v: directory } })).toEqual(expected);
  });

  it.each([
    [
      'a claim',
      { persistentVolumeClaim: { claimName: 'claim' } },
      /is the claim claim, which does not exist here.*--volume claim=DIR/,
    ],
    ['an image', { image: { reference: 'r.example/m:1' } }, /is the image r\.example\/m:1.*--volume v=DIR/],
    ['anything else', { hostPath: { path: '/x' } }, /is of the kind hostPath.*--volume v=DIR/],
    ['a missing ConfigMap', { configMap: { name: 'none' } }, /the ConfigMap ml\/none is not among the manifests/],
    [
      'a missing Secret',
      { secret: { secretName: 'none' } },
      /the Secret ml\/none is not among the manifests.*Secret of that name/,
    ],
    ['a missing key', { configMap: { name: 'c', items: [{ key: 'none', path: 'x' }] } }, /ConfigMap c has no key none/],
    [
      'a path that leads out',
      { configMap: { name: 'c', items: [{ key: 'a', path: '../x' }] } },
      /the path \.\.\/x of the key a/,
    ],
    [
      'a token for somebody else',
      { projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'sts.example' } }] } },
      /projects serviceAccountToken/,
    ],
    [
      'a resource of a container',
      { projected: { sources: [{ downwardAPI: { items: [{ path: 'cpu', resourceFieldRef: {} }] } }] } },
      /projects downwardAPI/,
    ],
  ])('that cannot be had are told: %s', (_, source, message) => {
    expect(volume(source, {}, configMap('c', { a: '1' }))).toEqual([expect.stringMatching(message)]);
  });

  it('that are mapped to no directory are told', () => {
    expect(volume({ emptyDir: {} }, { volumes: { v: join(root, 'none') } })).toEqual([
      expect.stringMatching(/none is no directory/),
    ]);
  });
});

describe('what cannot be run here', () => {
  const mounts = (...list: object[]) => ({
    containers: [container({ volumeMounts: list })],
    volumes: [{ name: 'v', emptyDir: {} }],
  });
  const probed = (probe: object) => ({
    containers: [container({ ports: [{ name: 'http', containerPort: 8080 }], livenessProbe: probe })],
  });

  it.each([
    ['a gRPC probe', probed({ grpc: { port: 8081 } }), /livenessProbe is neither httpGet, tcpSocket nor exec/],
    ['a probe of a port that is not declared', probed({ httpGet: { port: 'grpc' } }), /declares no port grpc/],
    [
      'a probe that runs another program',
      probed({ exec: { command: ['sh', '-c', 'true'] } }),
      /runs "sh", and only model-serving/,
    ],
    [
      'a hook after the start',
      { containers: [container({ lifecycle: { postStart: { exec: { command: ['x'] } } } })] },
      /postStart hook/,
    ],
    [
      'a sidecar',
      { initContainers: [container({ name: 'side', restartPolicy: 'Always' })] },
      /container side is a sidecar/,
    ],
    [
      'a probe of an init container',
      { initContainers: [container({ livenessProbe: { tcpSocket: { port: 1 } }, ports: [{ containerPort: 1 }] })] },
      /an init container has no livenessProbe/,
    ],
    [
      'a mount of a volume that is not declared',
      mounts({ name: 'none', mountPath: '/x' }),
      /the volume none of a mount is not declared/,
    ],
    ['a mount over everything', mounts({ name: 'v', mountPath: '/' }), /mount path \/ cannot be used here/],
    [
      'a mount inside a mount',
      mounts({ name: 'v', mountPath: '/x' }, { name: 'v', mountPath: '/x/y' }),
      /\/x\/y lies inside the mount \/x/,
    ],
    [
      'a sub-path that leads out',
      mounts({ name: 'v', mountPath: '/x', subPath: '../y' }),
      /subPath that cannot be used/,
    ],
    [
      'an unknown field',
      { containers: [container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }] })] },
      /the field spec\.x is not known here/,
    ],
    [
      'an unknown resource',
      {
        containers: [container({ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.gpu' } } }] })],
      },
      /the resource limits\.gpu/,
    ],
    [
      'a missing key',
      { containers: [container({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'x' } } }] })] },
      /the ConfigMap ml\/c is not among/,
    ],
  ])('is told: %s', (_, podSpec, message) => {
    expect(plan([deployment('a', podSpec)]).problems).toEqual([expect.stringMatching(message)]);
  });

  it('is told once for all replicas, and all at once', () => {
    const podSpec = {
      containers: [container({ image: 'other', command: ['other'] })],
      volumes: [{ name: 'v', nfs: {} }],
    };
    expect(plan([deployment('a', podSpec, { replicas: 3 })]).problems).toHaveLength(2);
  });

  it.each([
    [
      'a Deployment without containers',
      deployment('a', { containers: [] }),
      /Deployment ml\/a: spec\.template\.spec\.containers/,
    ],
    [
      'a number where a text belongs',
      deployment('a', { containers: [container({ args: [1] })] }),
      /containers\.0\.args\.0/,
    ],
    ['a ConfigMap with an object', { ...configMap('c', {}), data: { a: {} } }, /ConfigMap ml\/c: data\.a/],
  ])('is told: %s', (_, object, message) => {
    expect(() => plan([object])).toThrow(ManifestError);
    expect(() => plan([object])).toThrow(message);
  });

  it('is told: an object that is there twice', () => {
    expect(() => plan([configMap('c', {}), configMap('c', {})])).toThrow(/ConfigMap ml\/c is there twice/);
  });
});

describe('Services', () => {
  const ports = [{ name: 'http', containerPort: 8080 }];
  const target = (port: Readonly<Record<string, unknown>>) => {
    const { services, problems } = plan([
      deployment('a', { containers: [container({ ports })] }, { replicas: 2 }),
      service('a', [port]),
    ]);
    return problems.length > 0 ? problems : [...(services[0]?.targets.values() ?? [])];
  };

  it('lead to the container port by number, name or their own number', () => {
    expect(target({ port: 80, targetPort: 8080 })).toEqual([8080, 8080]);
    expect(target({ port: 80, targetPort: 'http' })).toEqual([8080, 8080]);
    expect(target({ port: 8080 })).toEqual([8080, 8080]);
  });

  it('that cannot be served are told', () => {
    expect(target({ name: 'x', port: 80, targetPort: 'none' })).toContainEqual(
      expect.stringMatching(/Service ml\/a: port x: no container of a declares the target port none/),
    );
    expect(target({ port: 8080, protocol: 'UDP' })).toEqual([expect.stringMatching(/port 8080 is UDP/)]);
  });

  it('find the pods that have all of their labels', () => {
    const other = service('a', [{ port: 8080 }], { selector: { app: 'a', more: 'x' } });
    const { services } = plan([deployment('a', { containers: [container({ ports })] }), other]);
    expect(services[0]?.targets.size).toBe(0);
  });

  it('that are headless stand for their pods', () => {
    const pods = deployment('a', { containers: [container({ ports })] }, { replicas: 2 });
    const { services } = plan([pods, service('a', [{ port: 8080 }], { clusterIP: 'None' })]);
    expect(services).toMatchObject([{ headless: true }]);
    expect(plan([pods, service('a', [{ port: 8080 }])]).services).toMatchObject([{ headless: false }]);
  });

  it('leave what the API holds, which is ConfigMaps and Leases', () => {
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l', namespace: 'ml' } };
    const { kept, ignored } = objectsOf([configMap('c', {}), secret('s', {}), lease]);
    expect(kept.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
      ['ConfigMap', 'c'],
      ['Lease', 'l'],
    ]);
    expect(ignored.size).toBe(0);
  });

  it('without pods, other kinds and what else has no effect are counted', () => {
    const { ignored } = objectsOf([
      service('external', [], { selector: undefined }),
      { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'a' } },
      { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'b' } },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'j' } },
    ]);
    expect([...ignored]).toEqual([
      ['Service without selector', 1],
      ['PodDisruptionBudget', 2],
      ['ServiceAccount', 1],
    ]);
  });
});

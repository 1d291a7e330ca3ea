import { ApiObject, Duration, JsonPatch, Size } from 'cdk8s';
import {
  Authentication,
  DisruptionBudget,
  ModelAccess,
  type ModelGatewayProps,
  MountedFile,
  NetworkPeer,
  type ProxyResources,
  RateLimit,
  Scaling,
  ServingTls,
  TaintEffect,
} from 'cdk8s-model-serving';
import { Cpu, EnvValue, ImagePullPolicy, Secret, ServiceAccount, ServiceType } from 'cdk8s-plus-28';
import { gatewayFiles } from '../support/envoy';
import { addVersion, newGateway } from '../support/gateways';
import { type Manifest, newChart, only, SHA256 } from '../support/manifests';

/** A value for a property, and what the manifests must then have. */
interface PropertyTest<T> {
  readonly value: T;
  readonly expectations: (objects: Manifest[]) => void;
}

const IMAGE = `registry.example.com/image@sha256:${SHA256}`;
const secret = () => Secret.fromSecretName(newChart(), 'secret', 'credentials');

const deploymentOf = (objects: Manifest[]) => only(objects, 'Deployment');
const podOf = (objects: Manifest[]) => deploymentOf(objects).spec.template.spec;
const proxyOf = (objects: Manifest[]) => podOf(objects).containers[0];
const agentOf = (objects: Manifest[]) => podOf(objects).containers[1];
const bootstrapOf = (objects: Manifest[]) => JSON.parse(gatewayFiles(objects).proxy['bootstrap.json'] as string);
const managerOf = (objects: Manifest[]) =>
  bootstrapOf(objects).static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
const filterOf = (objects: Manifest[], name: string) =>
  managerOf(objects).http_filters.find((each: Manifest) => each.name === `envoy.filters.http.${name}`)?.typed_config;
const serviceOf = (objects: Manifest[]) =>
  objects.find(({ kind, metadata }) => kind === 'Service' && !metadata.name.endsWith('-pods'));

/** One test for each property: a new one without a test does not compile. */
const PROPERTIES: { [K in keyof Required<ModelGatewayProps>]: PropertyTest<Required<ModelGatewayProps>[K]> } = {
  proxyImage: {
    value: IMAGE,
    expectations: (objects) => expect([proxyOf(objects).image, agentOf(objects).image]).toEqual([IMAGE, RUNTIME]),
  },
  image: {
    value: IMAGE,
    expectations: (objects) => {
      expect([proxyOf(objects).image, agentOf(objects).image]).toEqual([ENVOY_IMAGE, IMAGE]);
      expect(podOf(objects).initContainers[0].image).toBe(IMAGE);
    },
  },
  imagePullPolicy: {
    value: ImagePullPolicy.ALWAYS,
    expectations: (objects) =>
      expect([proxyOf(objects).imagePullPolicy, agentOf(objects).imagePullPolicy]).toEqual(['Always', 'Always']),
  },
  imagePullSecrets: {
    value: [secret()],
    expectations: (objects) => expect(podOf(objects).imagePullSecrets).toEqual([{ name: 'credentials' }]),
  },
  env: {
    value: { MODEL_SERVING_LOG_LEVEL: EnvValue.fromValue('debug') },
    expectations: (objects) => {
      expect(agentOf(objects).env).toEqual([{ name: 'MODEL_SERVING_LOG_LEVEL', value: 'debug' }]);
      expect(proxyOf(objects).env).toBeUndefined();
    },
  },
  serviceAccount: {
    value: ServiceAccount.fromServiceAccountName(newChart(), 'account', 'shared'),
    expectations: (objects) => {
      expect(podOf(objects).serviceAccountName).toBe('shared');
      expect(objects.map(({ kind }) => kind)).not.toContain('ServiceAccount');
    },
  },
  serviceAccountAnnotations: {
    value: { 'example.com/role': 'gateway' },
    expectations: (objects) =>
      expect(only(objects, 'ServiceAccount').metadata.annotations).toEqual({ 'example.com/role': 'gateway' }),
  },
  nodeSelector: {
    value: { disk: 'ssd' },
    expectations: (objects) => expect(podOf(objects).nodeSelector).toEqual({ disk: 'ssd' }),
  },
  tolerations: {
    value: [{ key: 'team', effect: TaintEffect.NO_SCHEDULE }],
    expectations: (objects) =>
      expect(podOf(objects).tolerations).toEqual([{ key: 'team', operator: 'Exists', effect: 'NoSchedule' }]),
  },
  priorityClassName: {
    value: 'high',
    expectations: (objects) => expect(podOf(objects).priorityClassName).toBe('high'),
  },
  runtimeClassName: {
    value: 'gvisor',
    expectations: (objects) => expect(podOf(objects).runtimeClassName).toBe('gvisor'),
  },
  podMetadata: {
    value: { labels: { team: 'a' }, annotations: { note: 'b' } },
    expectations: (objects) =>
      expect(deploymentOf(objects).spec.template.metadata).toMatchObject({
        labels: { team: 'a' },
        annotations: { note: 'b', 'model-serving/checksum': expect.any(String) },
      }),
  },
  podPatch: {
    value: [JsonPatch.replace('/spec/containers/0/imagePullPolicy', 'Never')],
    expectations: (objects) => expect(proxyOf(objects).imagePullPolicy).toBe('Never'),
  },
  authentication: {
    value: Authentication.apiKeys(secret()),
    expectations: (objects) => {
      expect(filterOf(objects, 'ext_authz')).toBeDefined();
      expect(agentOf(objects).volumeMounts).toContainEqual({
        name: 'api-keys',
        mountPath: '/etc/model-serving-credentials/api-keys',
        readOnly: true,
      });
      expect(JSON.parse(gatewayFiles(objects).agent).apiKeysPath).toBe('/etc/model-serving-credentials/api-keys');
    },
  },
  access: {
    // Alone it breaks a rule: see rules.test.ts and security.test.ts.
    value: { iris: ModelAccess.clients(['a']) },
    expectations: (objects) => expect(Object.keys(filterOf(objects, 'rbac').rules.policies)).toEqual(['iris', '*']),
  },
  rateLimit: {
    value: RateLimit.global(5, Duration.seconds(2)),
    expectations: (objects) =>
      expect(filterOf(objects, 'local_ratelimit')).toMatchObject({
        token_bucket: { max_tokens: 5, tokens_per_fill: 5, fill_interval: '2s' },
        filter_enabled: { default_value: { numerator: 100 } },
        filter_enforced: { default_value: { numerator: 100 } },
      }),
  },
  maxConcurrentRequests: {
    value: 7,
    expectations: (objects) =>
      expect(bootstrapOf(objects).static_resources.clusters[0].circuit_breakers.thresholds[0]).toMatchObject({
        max_requests: 7,
        max_pending_requests: 7,
      }),
  },
  cors: {
    value: ['https://app.example.com'],
    expectations: (objects) => expect(filterOf(objects, 'cors')).toBeDefined(),
  },
  tls: {
    value: ServingTls.secret(secret()),
    expectations: (objects) => {
      expect(serviceOf(objects).spec.ports[0]).toEqual({ name: 'https', port: 443, targetPort: 'http' });
      expect(proxyOf(objects).volumeMounts).toContainEqual(expect.objectContaining({ name: 'tls' }));
      expect(Object.keys(gatewayFiles(objects).proxy)).toContain('tls.json');
    },
  },
  upstreamCa: {
    value: MountedFile.fromSecret(secret(), 'ca.crt'),
    expectations: (objects) => expect(Object.keys(gatewayFiles(objects).proxy)).toContain('upstream-ca.json'),
  },
  upstreamCertificate: {
    value: secret(),
    expectations: (objects) => expect(Object.keys(gatewayFiles(objects).proxy)).toContain('upstream-tls.json'),
  },
  trustedProxies: {
    value: 2,
    expectations: (objects) => expect(managerOf(objects).xff_num_trusted_hops).toBe(2),
  },
  accessLog: {
    value: false,
    expectations: (objects) => expect(managerOf(objects).access_log).toBeUndefined(),
  },
  serviceType: {
    value: ServiceType.LOAD_BALANCER,
    expectations: (objects) =>
      expect(serviceOf(objects).spec).toMatchObject({
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        ports: [{ name: 'http', port: 80 }],
      }),
  },
  replicas: { value: 5, expectations: (objects) => expect(deploymentOf(objects).spec.replicas).toBe(5) },
  scaling: {
    value: Scaling.onCpu({ minReplicas: 3, maxReplicas: 9 }),
    expectations: (objects) => {
      expect(deploymentOf(objects).spec.replicas).toBeUndefined();
      expect(only(objects, 'HorizontalPodAutoscaler').spec).toMatchObject({
        minReplicas: 3,
        metrics: [{ containerResource: { container: 'envoy' } }],
      });
    },
  },
  resources: {
    value: { cpu: Cpu.units(3), memory: Size.gibibytes(1) },
    expectations: (objects) => {
      expect(proxyOf(objects).resources.limits).toMatchObject({ cpu: '3', memory: '1Gi' });
      const { args } = proxyOf(objects);
      expect(args[args.indexOf('--concurrency') + 1]).toBe('3');
      expect(bootstrapOf(objects).overload_manager.resource_monitors[0].typed_config.max_heap_size_bytes).toBe(2 ** 30);
    },
  },
  disruptionBudget: {
    value: DisruptionBudget.minAvailable(1),
    expectations: (objects) => expect(only(objects, 'PodDisruptionBudget').spec.minAvailable).toBe(1),
  },
  clients: {
    value: [NetworkPeer.namespace('ingress')],
    expectations: (objects) =>
      expect(only(objects, 'NetworkPolicy').spec.ingress[0]).toEqual({
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } }],
        ports: [{ port: 8080, protocol: 'TCP' }],
      }),
  },
  monitors: {
    value: [NetworkPeer.namespace('metrics')],
    expectations: (objects) =>
      expect(only(objects, 'NetworkPolicy').spec.ingress[1]).toEqual({
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'metrics' } } }],
        ports: [{ port: 8082, protocol: 'TCP' }],
      }),
  },
  metadata: {
    value: { name: 'front', namespace: 'edge', labels: { team: 'a' }, annotations: { owner: 'b' } },
    expectations: (objects) => {
      for (const { metadata } of objects) {
        expect(metadata.name).toMatch(/^(front(-(config|proxy|pods))?|iris-v1-[0-9a-f]{8}-pods)$/);
        expect(metadata).toMatchObject({ namespace: 'edge', labels: { team: 'a' }, annotations: { owner: 'b' } });
      }
    },
  },
};

const RUNTIME = expect.stringContaining('model-serving/runtime');
const ENVOY_IMAGE = expect.stringContaining('envoyproxy/envoy');

/** Objects of a gateway with one model. What rules say of a declaration is tested elsewhere. */
function render(props: ModelGatewayProps): Manifest[] {
  const test = newGateway(props);
  addVersion(test, 'iris');
  return test.gateway.node.findAll().flatMap((each) => (ApiObject.isApiObject(each) ? [each.toJson()] : []));
}

test.each(Object.entries(PROPERTIES))('%s', (name, { value, expectations }: PropertyTest<unknown>) => {
  expectations(render({ [name]: value }));
});

test('each property of the proxy is passed on', () => {
  const resources: Required<ProxyResources> = {
    cpu: Cpu.millis(250),
    cpuLimit: Cpu.millis(1500),
    memory: Size.mebibytes(200),
    memoryLimit: Size.mebibytes(300),
  };
  const proxy = proxyOf(render({ resources }));
  expect(proxy.resources).toMatchObject({
    requests: { cpu: '250m', memory: '200Mi' },
    limits: { cpu: '1500m', memory: '300Mi' },
  });
  expect(proxy.args[proxy.args.indexOf('--concurrency') + 1]).toBe('1');
});

test('addModel adds hosts to what the model said', () => {
  const test = newGateway();
  const model = addVersion(test, 'iris');
  test.gateway.addModel(model, { hosts: ['a.example.com'] });
  test.gateway.addModel(model, { hosts: ['b.example.com', 'a.example.com'] });
  const objects = test.chart.toJson();
  const [configuration] = JSON.parse(gatewayFiles(objects).routes).resources;
  expect(configuration.virtual_hosts.map(({ name }: Manifest) => name)).toEqual([
    'a.example.com',
    'b.example.com',
    '*',
  ]);
  expect(objects.filter(({ metadata }) => /^iris-.*-pods$/.test(metadata.name))).toHaveLength(1);
});

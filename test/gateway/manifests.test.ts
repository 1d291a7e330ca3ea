import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiObject, App, Chart, JsonPatch, Yaml } from 'cdk8s';
import { ValidationContext } from 'cdk8s-cli/plugins';
import { ModelGateway, ServingPolicy } from 'cdk8s-model-serving';
import { addSplit, addVersion, GATEWAYS, newGateway } from '../support/gateways';
import { KubernetesSchema } from '../support/kubernetes-schema';
import { type Manifest, only } from '../support/manifests';
import { podSecurityFindings } from '../support/pod-security';
import { describeWith, KUBERNETES_SCHEMAS } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();

const cases = Object.entries(GATEWAYS);
const ofGateway = (objects: Manifest[]) =>
  objects.filter(({ metadata }) => metadata.labels['app.kubernetes.io/component'] === 'model-gateway');

describe.each(cases)('%s', (_name, declare) => {
  const objects: Manifest[] = ofGateway(declare().chart.toJson());
  const pod = only(objects, 'Deployment').spec.template.spec;
  const containers: Manifest[] = [...pod.initContainers, ...pod.containers];

  test('meets the Restricted Pod Security Standard, and has a size limit on what it writes to', () => {
    expect(podSecurityFindings(pod)).toEqual([]);
    for (const { securityContext, resources } of containers) {
      expect(securityContext.readOnlyRootFilesystem).toBe(true);
      expect(resources.limits.memory).toMatch(/^\d+(Mi|Gi|$)/);
    }
    for (const { emptyDir } of pod.volumes.filter((volume: Manifest) => volume.emptyDir !== undefined)) {
      expect(emptyDir.sizeLimit).toMatch(/^\d+Mi$/);
    }
  });

  test('the volumes of a container are those of the pod, and each is used', () => {
    const volumes: string[] = pod.volumes.map(({ name }: Manifest) => name);
    const used = containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }: Manifest) => name));
    expect(new Set(volumes).size).toBe(volumes.length);
    expect(new Set(used)).toEqual(new Set(volumes));
  });

  test('only the agent writes routes, and only the agent has hashes of keys and a token', () => {
    const [proxy, agent] = pod.containers;
    const writable = ({ volumeMounts }: Manifest) =>
      volumeMounts.filter(({ readOnly }: Manifest) => readOnly !== true).map(({ mountPath }: Manifest) => mountPath);
    expect([writable(proxy), writable(agent)]).toEqual([[], ['/routes']]);
    const paths = proxy.volumeMounts.map(({ mountPath }: Manifest) => mountPath).join(' ');
    expect(paths).not.toMatch(/api-keys|serviceaccount/);
  });
});

describeWith('the Kubernetes API accepts', KUBERNETES_SCHEMAS, () => {
  const schema = new KubernetesSchema('1.28');

  test.each(cases)('%s', (_name, declare) => {
    expect(
      declare()
        .chart.toJson()
        .flatMap((object) => schema.problems(object)),
    ).toEqual([]);
  });
});

test.each(cases)('%s: the serving policy finds nothing', async (_name, declare) => {
  const path = join(mkdtempSync(join(directory, 'dist-')), 'test.k8s.yaml');
  writeFileSync(path, Yaml.stringify(...declare().chart.toJson()));
  const context = new ValidationContext([path], 'cdk8s-model-serving', '0.0.0');
  await new ServingPolicy().validate(context);
  expect(context.report.toJson().violations).toEqual([]);
});

test('one of everything, as it is', () => {
  const objects = ofGateway((GATEWAYS['everything in front of models'] as () => { chart: Chart })().chart.toJson());
  const readable = objects.map(({ data, ...rest }) => ({
    ...rest,
    ...(data === undefined ? {} : { data: linesOf(data) }),
  }));
  expect(readable).toMatchSnapshot();
});

test('models that come later are in the files, and a change of them makes new pods', () => {
  const template = (count: number, reversed = false) => {
    const test = newGateway();
    const names = ['a', 'b', 'c'].slice(0, count);
    for (const name of reversed ? names.reverse() : names) {
      addVersion(test, name);
    }
    return only(ofGateway(test.chart.toJson()), 'Deployment').spec.template;
  };
  expect(template(2)).toEqual(template(2));
  expect(template(2).metadata.annotations).not.toEqual(template(3).metadata.annotations);
});

test('without a rollout nothing may read the Kubernetes API; with one, its ConfigMap alone', () => {
  const kinds = (objects: Manifest[]) => objects.map(({ kind }) => kind);
  const plain = newGateway();
  addVersion(plain, 'iris');
  expect(kinds(plain.chart.toJson())).not.toContain('Role');
  const test = newGateway();
  addSplit(test, addVersion(test, 'iris', 'v1'), addVersion(test, 'iris', 'v2'), { comparisonHost: 'rollout.ml.svc' });
  const objects = ofGateway(test.chart.toJson());
  expect(only(objects, 'Role').rules).toEqual([
    { apiGroups: [''], resources: ['configmaps'], resourceNames: ['rollout'], verbs: ['get', 'list', 'watch'] },
  ]);
  const { spec } = only(objects, 'NetworkPolicy');
  const controller = { podSelector: { matchLabels: { 'app.kubernetes.io/instance': 'rollout' } } };
  expect(spec.ingress).toContainEqual({
    from: [controller],
    ports: [
      { port: 8082, protocol: 'TCP' },
      { port: 8083, protocol: 'TCP' },
    ],
  });
  expect(spec.egress).toContainEqual({ ports: [{ port: 6443, protocol: 'TCP' }] });
  const http = spec.egress.find(({ ports }: Manifest) => ports?.[0].port === 8080);
  expect(http.to).toContainEqual(controller);
  expect(http.to).toHaveLength(3);
});

test('the escape hatches lose nothing', () => {
  const test = newGateway({ podPatch: [JsonPatch.add('/spec/hostAliases', [{ ip: '10.0.0.1', hostnames: ['a'] }])] });
  addVersion(test, 'iris');
  ApiObject.of(test.gateway).addJsonPatch(JsonPatch.add('/spec/paused', true));
  test.gateway.service.metadata.addAnnotation('example.com/internal', 'true');
  const objects = ofGateway(test.chart.toJson());
  expect(only(objects, 'Deployment').spec).toMatchObject({
    paused: true,
    template: { spec: { hostAliases: [{ ip: '10.0.0.1', hostnames: ['a'] }] } },
  });
  const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.annotations !== undefined);
  expect(service.metadata.annotations).toEqual({ 'example.com/internal': 'true' });
});

test('without a namespace, hosts are names of the own one', () => {
  const chart = new Chart(new App(), 'test');
  const gateway = new ModelGateway(chart, 'gateway');
  expect([gateway.url, gateway.grpcAddress]).toEqual([
    expect.stringMatching(/^http:\/\/gateway-[0-9a-f]{8}$/),
    expect.stringMatching(/^gateway-[0-9a-f]{8}:80$/),
  ]);
});

test('the same declaration gives the same manifests', () => {
  const render = () => (GATEWAYS['a rollout with everything'] as () => { chart: Chart })().chart.toJson();
  expect(JSON.stringify(render())).toBe(JSON.stringify(render()));
});

/** Files as lines: one for each cluster, listener, host and route. */
function linesOf(data: Record<string, string>): Manifest {
  const lines = (value: Manifest, depth: number): Manifest => {
    if (depth === 0 || typeof value !== 'object') {
      return JSON.stringify(value);
    }
    return Array.isArray(value)
      ? value.map((each) => lines(each, depth - 1))
      : Object.fromEntries(Object.entries(value).map(([key, each]) => [key, lines(each, depth - 1)]));
  };
  return Object.fromEntries(
    Object.entries(data).map(([file, text]) => [file, lines(JSON.parse(text), DEPTHS[file] ?? 1)]),
  );
}

const DEPTHS: Record<string, number> = { 'bootstrap.json': 3, 'routes.json': 6 };

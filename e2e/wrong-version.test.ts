import { ClientPod } from './support/client-pod';
import { IRIS_PATH, IRIS_REQUEST, iris } from './support/iris';
import { type Manifest, nameOf, only, synthesize } from './support/manifests';
import { Namespace } from './support/namespace';
import { conditionOf, terminationOf, within } from './support/pods';

let namespace: Namespace;
let client: ClientPod;

/** Points the pods at other content of a ConfigMap, by a new name, as every synthesis does. */
function withOther(objects: Manifest[], which: string, change: (configMap: Manifest) => void): Manifest[] {
  const name = nameOf(objects, 'ConfigMap', which);
  const changed: Manifest[] = JSON.parse(JSON.stringify(objects).replaceAll(name, `${name}-wrong`));
  change(only(changed, 'ConfigMap', which));
  return changed;
}

/** The first container that ended with an exit code, of any pod of a Deployment. */
function failed(deployment: string) {
  return within(120, `a container of ${deployment} fails`, async () => {
    const pods = await namespace.pods(deployment);
    return pods.map((pod) => terminationOf(pod, 'predictor')).find((ended) => ended !== undefined);
  });
}

beforeAll(async () => {
  namespace = await Namespace.create('wrong-version');
  client = await ClientPod.start(namespace);
});

afterAll(() => namespace.delete());

describe('a model file that is not the declared one', () => {
  const objects = () =>
    withOther(synthesize(namespace.name, { model: iris(), replicas: 1 }, 'digest'), '-model-', ({ binaryData }) => {
      const bytes = Buffer.from(binaryData['model.onnx'], 'base64');
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      binaryData['model.onnx'] = bytes.toString('base64');
    });
  let deployment: string;

  beforeAll(async () => {
    const manifests = objects();
    deployment = nameOf(manifests, 'Deployment');
    await namespace.apply(manifests);
  });

  test('ends the container with 43, and the status of the pod says why', async () => {
    const { exitCode, message } = await failed(deployment);

    expect(exitCode).toBe(43);
    expect(message).toMatch(/sha-?256|digest/i);
    expect(message).toContain('/models/iris/v1/model.onnx');
  });

  test('never becomes ready, however often the kubelet tries', async () => {
    const pod = await within(120, 'the container is started again', async () =>
      (await namespace.pods(deployment)).find(({ status }) => status.containerStatuses?.[0].restartCount >= 2),
    );

    expect(conditionOf(pod, 'Ready')).toBe('False');
    expect(conditionOf(await namespace.get('deployment', deployment), 'Available')).toBe('False');
    const [slice] = await namespace.list('endpointslices', `kubernetes.io/service-name=${deployment}`);
    expect((slice.endpoints ?? []).filter((endpoint: Manifest) => endpoint.conditions.ready)).toEqual([]);
  });
});

describe('a configuration that the runtime does not take', () => {
  let objects: Manifest[];
  let deployment: string;

  beforeAll(async () => {
    objects = synthesize(namespace.name, { model: iris(), replicas: 2 }, 'config');
    deployment = nameOf(objects, 'Deployment');
    await namespace.apply(objects);
    await namespace.rolledOut(deployment);
  });

  test('cannot be written into the ConfigMap of running pods', async () => {
    const configMap = only(objects, 'ConfigMap', '-config-');

    const { code, stderr } = await namespace.tryKubectl(
      ['apply', '-f', '-'],
      JSON.stringify({ ...configMap, data: { 'config.json': '{}' } }),
    );

    expect(code).not.toBe(0);
    expect(stderr).toContain('immutable');
  });

  test('never replaces the version that runs, and is undone with one command', async () => {
    const before = (await namespace.pods(deployment)).map(({ metadata }) => metadata.name).sort();
    const wrong = withOther(objects, '-config-', ({ data }) => {
      data['config.json'] = data['config.json'].replace('"httpPort"', '"htpPort"');
    });

    const result = await client.load({ url: `http://${deployment}${IRIS_PATH}`, body: IRIS_REQUEST }, async () => {
      await namespace.apply(wrong);
      const { exitCode, message } = await failed(deployment);
      expect(exitCode).toBe(43);
      expect(message).toContain('htpPort');
      expect((await namespace.pods(deployment)).map(({ metadata }) => metadata.name)).toEqual(
        expect.arrayContaining(before),
      );
      await namespace.kubectl(['rollout', 'undo', `deployment/${deployment}`]);
      await namespace.rolledOut(deployment);
    });

    expect(result.failures).toEqual({});
    expect(result.answered).toBeGreaterThan(0);
    expect((await namespace.pods(deployment)).map(({ metadata }) => metadata.name).sort()).toEqual(before);
  });
});

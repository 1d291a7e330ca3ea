import { rmSync } from 'node:fs';
import python from '../examples/iris/predictions.json';
import { manifestsOf, synthesize } from '../test/support/example';
import { largestDifference, rowsOf } from '../test/support/prediction';
import { ClientPod } from './support/client-pod';
import { forCluster, inNamespace, type Manifest, nameOf } from './support/manifests';
import { Namespace } from './support/namespace';

const TOLERANCE = 1e-6;
const VERSIONS = ['v1', 'v2'] as const;

let namespace: Namespace;
let client: ClientPod;
let objects: Manifest[];

const serviceOf = (version: string) => nameOf(objects, 'Service', `-${version}-`);

beforeAll(async () => {
  namespace = await Namespace.create('iris');
  client = await ClientPod.start(namespace);
  const output = synthesize('iris');
  objects = forCluster(inNamespace(manifestsOf(output), 'ml-serving', namespace.name));
  rmSync(output, { recursive: true, force: true });
  await namespace.apply(objects);
  await Promise.all(VERSIONS.map((version) => namespace.rolledOut(serviceOf(version))));
});

afterAll(() => namespace.delete());

test.each(VERSIONS)("%s answers all flowers over V1 as Python's onnxruntime does", async (version) => {
  const { predictions } = await client.predict<{ predictions: { label: number; probabilities: number[] }[] }>(
    `http://${serviceOf(version)}.${namespace.name}.svc/v1/models/iris-classifier:predict`,
    { instances: python.instances },
  );

  const expected = python.predictions[version];
  expect(predictions.map(({ label }) => label)).toEqual(expected.label);
  const probabilities = predictions.map((prediction) => prediction.probabilities);
  expect(largestDifference(probabilities, expected.probabilities)).toBeLessThanOrEqual(TOLERANCE);
});

test.each(VERSIONS)("%s answers all flowers over V2 as Python's onnxruntime does", async (version) => {
  const { outputs } = await client.predict<{ outputs: { name: string; data: number[] }[] }>(
    `http://${serviceOf(version)}/v2/models/iris-classifier/versions/${version}/infer`,
    {
      inputs: [
        { name: 'features', shape: [python.instances.length, 4], datatype: 'FP32', data: python.instances.flat() },
      ],
    },
  );

  const data = (name: string) => outputs.find((output) => output.name === name)?.data ?? [];
  const expected = python.predictions[version];
  expect(data('label')).toEqual(expected.label);
  expect(largestDifference(rowsOf(data('probabilities'), 3), expected.probabilities)).toBeLessThanOrEqual(TOLERANCE);
});

test.each(VERSIONS)("%s answers all flowers over gRPC as Python's onnxruntime does", async (version) => {
  const { code, message } = await client.grpc(`${serviceOf(version)}:8081`, 'ModelInfer', {
    model_name: 'iris-classifier',
    model_version: version,
    inputs: [
      {
        name: 'features',
        datatype: 'FP32',
        shape: [python.instances.length, 4],
        contents: { fp32_contents: python.instances.flat() },
      },
    ],
  });

  expect(code).toBe('OK');
  const probabilities = message.outputs.find(({ name }: { name: string }) => name === 'probabilities');
  const flat: number[] = probabilities.contents.fp32_contents;
  expect(largestDifference(rowsOf(flat, 3), python.predictions[version].probabilities)).toBeLessThanOrEqual(TOLERANCE);
});

test('applying the same manifests again changes nothing', async () => {
  const versions = async () =>
    Promise.all(
      objects.map(async ({ kind, metadata }) => {
        const found = await namespace.get(kind, metadata.name);
        return [kind, metadata.name, found.metadata.generation ?? found.metadata.resourceVersion];
      }),
    );
  expect(await namespace.diff(objects)).toBe('');
  const before = await versions();

  await namespace.apply(objects);

  expect(await versions()).toEqual(before);
});

test('the pods keep what Pod Security "restricted" asks for, and no pod was restarted', async () => {
  const pods = (await Promise.all(VERSIONS.map((version) => namespace.pods(serviceOf(version))))).flat();

  expect(pods).toHaveLength(4);
  expect(pods.map(({ status }) => status.containerStatuses[0].restartCount)).toEqual([0, 0, 0, 0]);
});

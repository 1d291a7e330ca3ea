import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ModelSource } from 'cdk8s-model-serving';
import { ClientPod } from './support/client-pod';
import { IRIS_FILE, IRIS_PATH, IRIS_REQUEST, iris } from './support/iris';
import { nameOf, synthesize } from './support/manifests';
import { MODEL_SERVER, startModelServer } from './support/model-server';
import { Namespace } from './support/namespace';
import { NodeVolume } from './support/node-volume';
import { conditionOf, restartsOf, terminationOf, within } from './support/pods';

const SHA256 = createHash('sha256').update(readFileSync(IRIS_FILE)).digest('hex');

let namespace: Namespace;
let client: ClientPod;

/** Applies a model of a source; returns the name of its objects. */
async function serve(id: string, source: ModelSource): Promise<string> {
  const objects = synthesize(namespace.name, { model: iris(source), replicas: 1 }, id);
  await namespace.apply(objects);
  return nameOf(objects, 'Deployment');
}

/** The label of one flower, which only the right model knows. */
async function expectAnswer(service: string): Promise<void> {
  const { predictions } = await client.predict<{ predictions: { label: number }[] }>(
    `http://${service}${IRIS_PATH}`,
    IRIS_REQUEST,
  );
  expect(predictions.map(({ label }) => label)).toEqual([0]);
}

beforeAll(async () => {
  namespace = await Namespace.create('model-sources');
  client = await ClientPod.start(namespace);
  await startModelServer(namespace);
});

afterAll(() => namespace.delete());

test('a web server of the cluster', async () => {
  const name = await serve('web', ModelSource.https(MODEL_SERVER.whole, { sha256: SHA256 }));
  await namespace.rolledOut(name);

  await expectAnswer(name);
});

test('a file of a persistent volume', async () => {
  const volume = await NodeVolume.create(namespace, 'models', { 'iris.onnx': readFileSync(IRIS_FILE) });
  try {
    const source = ModelSource.persistentVolumeClaimByName('models', 'iris.onnx', { sha256: SHA256 });
    const name = await serve('claim', source);
    await namespace.rolledOut(name);

    await expectAnswer(name);
    await namespace.kubectl(['delete', 'deployment', name, '--timeout=60s']);
  } finally {
    await volume.delete();
  }
});

test('a download that breaks goes on where it ended', async () => {
  const name = await serve('broken', ModelSource.https(MODEL_SERVER.broken, { sha256: SHA256 }));
  await namespace.rolledOut(name);

  await expectAnswer(name);
  const [pod] = await namespace.pods(name);
  expect(restartsOf(pod)).toBe(0);
  expect(pod.status.initContainerStatuses.map((status: { restartCount: number }) => status.restartCount)).toEqual([0]);
  const half = Math.floor(readFileSync(IRIS_FILE).length / 2);
  expect((await namespace.kubectl(['logs', 'models'])).match(/broken.onnx from byte \d+/g)).toEqual([
    'broken.onnx from byte 0',
    `broken.onnx from byte ${half}`,
  ]);
});

test('a download that is not the declared one ends with 43, says why, and nothing is served', async () => {
  const name = await serve('wrong', ModelSource.https(MODEL_SERVER.whole, { sha256: '0'.repeat(64) }));

  const pod = await within(120, 'the download fails', async () => {
    const pods = await namespace.pods(name);
    return pods.find((each) => each.status.initContainerStatuses?.some((status: never) => ended(status)));
  });

  const init = pod.spec.initContainers[0].name;
  const { exitCode, message } = terminationOf(pod, init);
  expect(exitCode).toBe(43);
  expect(message).toContain(SHA256);
  expect(conditionOf(pod, 'Initialized')).toBe('False');
});

function ended({
  state,
  lastState,
}: {
  state?: { terminated?: object };
  lastState?: { terminated?: object };
}): boolean {
  return state?.terminated !== undefined || lastState?.terminated !== undefined;
}

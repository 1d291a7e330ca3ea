import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { App, Chart, JsonPatch } from 'cdk8s';
import { ModelSource, type OnlineModelProps } from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import { ClientPod } from './support/client-pod';
import { IRIS_FILE, IRIS_PATH, IRIS_REQUEST, iris } from './support/iris';
import { nameOf, synthesize } from './support/manifests';
import { MODEL_SERVER, startModelServer } from './support/model-server';
import { Namespace } from './support/namespace';
import { NodeVolume } from './support/node-volume';
import { conditionOf, restartsOf, terminationOf, within } from './support/pods';
import { S3_SERVER, startS3Server } from './support/s3-server';

const SHA256 = createHash('sha256').update(readFileSync(IRIS_FILE)).digest('hex');

let namespace: Namespace;
let client: ClientPod;

/** Applies a model of a source; returns the name of its objects. */
async function serve(id: string, source: ModelSource, props: Partial<OnlineModelProps> = {}): Promise<string> {
  const objects = synthesize(namespace.name, { model: iris(source), replicas: 1, ...props }, id);
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

test('a bucket of an S3 server, with credentials', async () => {
  await startS3Server(namespace, { 'iris/1/model.onnx': readFileSync(IRIS_FILE) });
  const chart = new Chart(new App(), 'secrets');
  const { bucket, endpoint, secret } = S3_SERVER;
  const credentials = Secret.fromSecretName(chart, 'store', secret);
  const options = { sha256: SHA256, endpoint, credentials };
  const name = await serve('bucket', ModelSource.s3(`s3://${bucket}/iris/1/model.onnx`, options));
  await namespace.rolledOut(name);

  await expectAnswer(name);
});

test('a file of an image', async () => {
  const name = await serve('image', ModelSource.image('iris-model:1', '/models/iris-v1.onnx', { sha256: SHA256 }));
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

test('a pod that goes in the middle of its download leaves nothing behind: the next one starts anew', async () => {
  const name = await serve('stuck', ModelSource.https(MODEL_SERVER.stuck, { sha256: SHA256 }));
  const requests = async () => (await namespace.kubectl(['logs', 'models'])).match(/stuck.onnx from byte \d+/g) ?? [];
  await within(120, 'the download has begun', async () => (await requests()).length === 1);
  const [pod] = await namespace.pods(name);

  await namespace.kubectl(['delete', 'pod', pod.metadata.name, '--grace-period=0', '--force']);
  await namespace.rolledOut(name);

  await expectAnswer(name);
  expect(await requests()).toEqual(['stuck.onnx from byte 0', 'stuck.onnx from byte 0']);
});

test('a download that is not the declared one ends with 43, says why, and nothing is served', async () => {
  const name = await serve('wrong', ModelSource.https(MODEL_SERVER.whole, { sha256: '0'.repeat(64) }));

  const { exitCode, message } = await failedDownload(name);

  expect(exitCode).toBe(43);
  expect(message).toContain(SHA256);
});

test('a download that does not fit into its volume says so, and nothing is served', async () => {
  const small = JsonPatch.replace(`/spec/volumes/${MODEL_VOLUME}/emptyDir`, { medium: 'Memory', sizeLimit: '64Ki' });
  const name = await serve('full', ModelSource.https(MODEL_SERVER.large, { sha256: SHA256 }), { podPatch: [small] });

  const { exitCode, message } = await failedDownload(name);

  expect(exitCode).toBe(1);
  expect(message).toContain('No space left in /models');
});

/** Place of the volume for the model among those of a pod. */
const MODEL_VOLUME = 2;

/** How the download of a pod ended that is not about to start. */
async function failedDownload(deployment: string): Promise<{ exitCode: number; message: string }> {
  const pod = await within(120, 'the download fails', async () => {
    const pods = await namespace.pods(deployment);
    return pods.find((each) => each.status.initContainerStatuses?.some((status: never) => ended(status)));
  });
  expect(conditionOf(pod, 'Initialized')).toBe('False');
  return terminationOf(pod, pod.spec.initContainers[0].name);
}

function ended({
  state,
  lastState,
}: {
  state?: { terminated?: object };
  lastState?: { terminated?: object };
}): boolean {
  return state?.terminated !== undefined || lastState?.terminated !== undefined;
}

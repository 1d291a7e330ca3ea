import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import python from '../examples/fraud-detection/predictions.json';
import { manifestsOf, synthesize } from '../test/support/example';
import { largestDifference } from '../test/support/prediction';
import { ClientPod } from './support/client-pod';
import { forCluster, inNamespace, nameOf } from './support/manifests';
import { Namespace } from './support/namespace';
import { restartsOf, within } from './support/pods';

const TOLERANCE = 1e-6;
const KEY = 'e2e-key';
const FEATURES = readFileSync(join(__dirname, '../examples/fraud-detection/features.redis'), 'utf8');

/** A payment as a shop sends it: what the card did before is looked up. */
const payments = python.instances.map(({ amount_avg_7d: _, tx_count_1h: __, ...sent }, index) => ({
  ...sent,
  card_id: `card-${String(index + 1).padStart(3, '0')}`,
}));

let namespace: Namespace;
let client: ClientPod;
let fraud: string;
let url: string;

const redis = (input: string) => namespace.kubectl(['exec', '--stdin', 'deployment/redis', '--', 'redis-cli'], input);

beforeAll(async () => {
  namespace = await Namespace.create('fraud-detection');
  client = await ClientPod.start(namespace);
  const output = synthesize('fraud-detection');
  const objects = forCluster(inNamespace(manifestsOf(output), 'ml-serving', namespace.name));
  rmSync(output, { recursive: true, force: true });
  const checkout = createHash('sha256').update(KEY).digest('hex');
  await namespace.apply([
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'fraud-api-keys' }, stringData: { checkout } },
    ...objects,
  ]);
  fraud = nameOf(objects, 'Service', 'fraud');
  url = `http://${fraud}/v1/models/fraud-detector:predict`;
  await namespace.rolledOut('redis');
  await redis(FEATURES);
  await namespace.rolledOut(fraud);
});

afterAll(() => namespace.delete());

/** Sends payments until the model itself answers: on a busy machine it may miss its budget, and others answer undecided. */
const decided = (features: 'store' | 'default', instances: object[]) =>
  within(60, `the model decides, with features of the source ${features}`, async () => {
    const { status, headers, body } = await client.http(url, { instances }, { 'x-api-key': KEY });
    expect(status).toBe(200);
    const isDecided = headers['x-feature-source'] === features && headers['x-prediction-source'] !== 'default';
    return isDecided && (JSON.parse(body) as { predictions: { label: number; probabilities: number[] }[] });
  });

test("answers all payments with the features of Redis as Python's onnxruntime does", async () => {
  const { predictions } = await decided('store', payments);

  expect(predictions.map(({ label }) => label)).toEqual(python.predictions.label);
  const probabilities = predictions.map((prediction) => prediction.probabilities);
  expect(largestDifference(probabilities, python.predictions.probabilities)).toBeLessThanOrEqual(TOLERANCE);
});

test('answers nobody without a key', async () => {
  const { status } = await client.http(url, { instances: payments.slice(0, 1) });

  expect(status).toBe(401);
});

test('answers without Redis too, and with its features when it is back; nothing is restarted', async () => {
  await namespace.kubectl(['scale', 'deployment/redis', '--replicas=0']);
  await within(60, 'Redis is away', async () => {
    const pods = await namespace.list('pods', 'app.kubernetes.io/name=redis');
    return pods.length === 0;
  });
  await decided('default', payments.slice(6, 7));

  await namespace.kubectl(['scale', 'deployment/redis', '--replicas=1']);
  await namespace.rolledOut('redis');
  await redis(FEATURES);
  await decided('store', payments.slice(6, 7));

  expect((await namespace.pods(fraud)).map(restartsOf)).toEqual([0, 0]);
});

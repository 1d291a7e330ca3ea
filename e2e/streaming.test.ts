import { rmSync } from 'node:fs';
import { manifestsOf, synthesize } from '../test/support/example';
import { ClientPod } from './support/client-pod';
import { forCluster, inNamespace, type Manifest, nameOf } from './support/manifests';
import { Namespace } from './support/namespace';
import { restartsOf, within } from './support/pods';

/** As the example names them. */
const [LOGS, ANOMALIES, DEAD_LETTERS] = ['logs', 'anomalies', 'logs.dead-letter'];
const [LINES, HOSTS, PER_SECOND] = [12_000, 60, 400];
/** Every so many lines one is cut in half. */
const BROKEN = 1000;

let namespace: Namespace;
let client: ClientPod;
let consumer: string;
const kafka = () => `kafka.${namespace.name}:9092`;

const host = (index: number) => `web-${index % HOSTS}`;
const isBroken = (index: number) => index % BROKEN === BROKEN - 1;

/** A line of an access log, under the host that has written it. */
function line(index: number): [key: string, value: string] {
  const numbers = { duration_ms: 20, queue_ms: 5, request_bytes: 400, response_bytes: 8000, status: 200, retries: 0 };
  const text = JSON.stringify({ id: `r${index}`, host: host(index), ...numbers, cpu_percent: 40, memory_mb: 500 });
  return [host(index), isBroken(index) ? text.slice(0, 40) : text];
}

/** Pods of the consumer that are ready and stay. */
async function ready(): Promise<Manifest[]> {
  const pods = await namespace.pods(consumer);
  return pods.filter(({ status }) =>
    status.conditions?.some((each: Manifest) => each.type === 'Ready' && each.status === 'True'),
  );
}

/** Waits until a pod is another one than before. */
async function replaced(index: number, act: () => Promise<unknown>): Promise<void> {
  const uid = async () =>
    (await ready()).find(({ metadata }) => metadata.name === `${consumer}-${index}`)?.metadata.uid;
  const before = await uid();
  await act();
  await within(90, `pod ${index} is another one`, async () => ![undefined, before].includes(await uid()));
}

async function scale(replicas: number): Promise<void> {
  await namespace.kubectl(['scale', `statefulset/${consumer}`, `--replicas=${replicas}`]);
  await within(90, `${replicas} pods are ready`, async () => {
    const pods = await namespace.pods(consumer);
    return pods.length === replicas && (await ready()).length === replicas;
  });
}

beforeAll(async () => {
  namespace = await Namespace.create('streaming');
  const output = synthesize('log-anomaly');
  let objects: Manifest[];
  try {
    objects = forCluster(inNamespace(manifestsOf(output), 'ml-serving', namespace.name));
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
  consumer = nameOf(objects, 'StatefulSet');
  for (const object of objects) {
    if (object.kind === 'StatefulSet') {
      object.spec.replicas = 1;
    }
  }
  [client] = await Promise.all([ClientPod.start(namespace), namespace.apply(objects)]);
  await namespace.rolledOut('kafka');
  await within(120, 'the consumer is ready', async () => (await ready()).length === 1);
});

afterAll(() => namespace.delete());

test('the history is complete, each event once, while pods are deleted and scaled', async () => {
  const records = Array.from({ length: LINES }, (_, index) => line(index));
  const written = client.kafkaWrite({ servers: kafka(), topic: LOGS, records, perSecond: PER_SECOND });

  await within(60, 'lines are scored', async () => (await client.kafkaRead(kafka(), ANOMALIES)).length > 0);
  await replaced(0, () => namespace.kubectl(['delete', 'pod', `${consumer}-0`, '--grace-period=0', '--force']));
  await scale(3);
  await replaced(1, () => namespace.kubectl(['delete', 'pod', `${consumer}-1`, '--wait=false']));
  await scale(1);

  expect(await written).toBe(LINES);
  const broken = records.filter((_, index) => isBroken(index)).length;
  const anomalies = await within(120, 'all lines are scored', async () => {
    const found = await client.kafkaRead(kafka(), ANOMALIES);
    return found.length >= LINES - broken && found;
  });
  const deadLetters = await client.kafkaRead(kafka(), DEAD_LETTERS);

  const ids = anomalies.map(({ value }) => JSON.parse(value).id as string);
  expect(new Set(ids).size).toBe(LINES - broken);
  expect(ids).toHaveLength(LINES - broken);
  expect(deadLetters).toHaveLength(broken);
  expect(deadLetters.map(({ headers }) => headers['model-serving-error-class'])).toEqual(Array(broken).fill('decode'));
  const latest = new Map<string, number>();
  for (const { key, value } of anomalies) {
    const index = Number(JSON.parse(value).id.slice(1));
    expect(key).toBe(host(index));
    expect(index).toBeGreaterThan(latest.get(key) ?? -1);
    latest.set(key, index);
  }
  expect((await ready()).map(restartsOf)).toEqual([0]);
});

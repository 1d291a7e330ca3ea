import { Duration, JsonPatch } from 'cdk8s';
import type { OnlineModelProps } from 'cdk8s-model-serving';
import { ClientPod } from './support/client-pod';
import { IRIS_PATH, IRIS_REQUEST, iris } from './support/iris';
import { KILL_SERVER } from './support/kill-server';
import { nameOf, synthesize } from './support/manifests';
import { Namespace } from './support/namespace';
import { restartsOf, within } from './support/pods';

const SERVER = 'predictor';

let namespace: Namespace;
let client: ClientPod;
let deployment: string;

const objects = (props: Partial<OnlineModelProps> = {}) => synthesize(namespace.name, { model: iris(), ...props });
const load = (during: () => Promise<void>) =>
  client.load({ url: `http://${deployment}${IRIS_PATH}`, body: IRIS_REQUEST }, during);
const names = async () => (await namespace.pods(deployment)).map(({ metadata }) => metadata.name).sort();

/** Waits until no pod is on its way out: load that goes on until then meets the end of each. */
const settled = () =>
  within(120, 'pods that were to end have ended', async () => {
    const pods = await namespace.list('pods', `app.kubernetes.io/instance=${deployment}`);
    return pods.every(({ metadata }) => metadata.deletionTimestamp === undefined);
  });

beforeAll(async () => {
  namespace = await Namespace.create('availability');
  client = await ClientPod.start(namespace);
  deployment = nameOf(objects(), 'Deployment');
});

beforeEach(async () => {
  await namespace.apply(objects());
  await namespace.rolledOut(deployment);
  await settled();
});

afterAll(() => namespace.delete());

test('no request fails while the configuration is rolled out', async () => {
  const before = await names();

  const result = await load(async () => {
    await namespace.apply(objects({ latencyBudget: Duration.seconds(20) }));
    await namespace.rolledOut(deployment);
    await settled();
  });

  expect(result).toMatchObject({ failures: {} });
  expect(result.answeredOnKept).toBeGreaterThan(1000);
  expect((await names()).filter((name) => before.includes(name))).toEqual([]);
});

test('no request fails while nodes are drained: pods are evicted one by one, as the disruption budget says', async () => {
  const before = await names();
  const evict = (pod: string) =>
    namespace.tryKubectl(
      ['create', '--raw', `/api/v1/namespaces/${namespace.name}/pods/${pod}/eviction`, '-f', '-'],
      JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: namespace.name } }),
    );

  let refused = 0;
  const result = await load(async () => {
    for (const pod of before) {
      await within(120, `${pod} may be evicted`, async () => {
        const { code, stderr } = await evict(pod);
        const isRefused = code !== 0 && stderr.includes('disruption budget');
        refused += isRefused ? 1 : 0;
        if (code !== 0 && !isRefused) {
          throw new Error(stderr);
        }
        return code === 0;
      });
    }
    await settled();
    await namespace.rolledOut(deployment);
  });

  expect(result).toMatchObject({ failures: {} });
  expect(result.answeredOnKept).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(0);
  expect((await names()).filter((name) => before.includes(name))).toEqual([]);
});

test('no request fails while replicas come and go', async () => {
  const scale = async (replicas: number) => {
    await namespace.kubectl(['scale', `deployment/${deployment}`, `--replicas=${replicas}`]);
    await namespace.rolledOut(deployment);
    await settled();
  };
  await scale(1);

  const result = await load(async () => {
    await scale(3);
    await scale(1);
  });

  expect(result).toMatchObject({ failures: {} });
  expect(result.answeredOnKept).toBeGreaterThan(1000);
});

test('a server process that is killed is started again, and only requests on their way to it fail', async () => {
  // A process cannot kill the first one of its own namespace: here that is the pause container of the pod.
  await namespace.apply(objects({ podPatch: [JsonPatch.add('/spec/shareProcessNamespace', true)] }));
  await namespace.rolledOut(deployment);
  await settled();
  const [pod = ''] = await names();

  const result = await load(async () => {
    await namespace.kubectl(['exec', pod, '--container', SERVER, '--', 'node', '--eval', KILL_SERVER]);
    await within(120, `${pod} serves again`, async () => {
      const killed = (await namespace.pods(deployment)).find(({ metadata }) => metadata.name === pod);
      return restartsOf(killed) === 1 && killed.status.containerStatuses[0].ready;
    });
  });

  // The connections to the process end; new ones are refused until the kubelet has seen its end.
  expect(Object.keys(result.failures).filter((failure) => !/ECONNRESET|ECONNREFUSED/.test(failure))).toEqual([]);
  const again = await load(async () => {
    await namespace.rolledOut(deployment);
  });
  expect(again).toMatchObject({ failures: {} });
});

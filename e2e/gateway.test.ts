import { App, Chart, Duration, JsonPatch } from 'cdk8s';
import { ModelGateway, OnlineModel, type OnlineModelProps } from 'cdk8s-model-serving';
import { ClientPod } from './support/client-pod';
import { IRIS_PATH, IRIS_REQUEST, iris } from './support/iris';
import { KILL_SERVER } from './support/kill-server';
import { forCluster, type Manifest, nameOf } from './support/manifests';
import { Namespace } from './support/namespace';
import { restartsOf, within } from './support/pods';

const SERVER = 'predictor';

let namespace: Namespace;
let client: ClientPod;
let gateway: string;
let model: string;

/** One model behind a gateway. */
function objects(props: Partial<OnlineModelProps> = {}): Manifest[] {
  const chart = new Chart(new App(), 'e2e', { namespace: namespace.name });
  new OnlineModel(chart, 'model', { model: iris(), gateway: new ModelGateway(chart, 'gateway'), ...props });
  return forCluster(chart.toJson());
}

const load = (during: () => Promise<void>) =>
  client.load({ url: `http://${gateway}${IRIS_PATH}`, body: IRIS_REQUEST }, during);

async function settled(deployment: string): Promise<void> {
  await namespace.rolledOut(deployment);
  await within(120, `pods of ${deployment} that were to end have ended`, async () => {
    const pods = await namespace.list('pods', `app.kubernetes.io/instance=${deployment}`);
    return pods.every(({ metadata }) => metadata.deletionTimestamp === undefined);
  });
}

beforeAll(async () => {
  namespace = await Namespace.create('gateway');
  client = await ClientPod.start(namespace);
  const declared = objects();
  gateway = nameOf(declared, 'Deployment', 'gateway');
  model = nameOf(declared, 'Deployment', 'iris');
});

beforeEach(async () => {
  await namespace.apply(objects());
  await Promise.all([gateway, model].map(settled));
});

afterAll(() => namespace.delete());

test('V1, V2 and gRPC through one port', async () => {
  const v1 = await client.http(`http://${gateway}${IRIS_PATH}`, IRIS_REQUEST);
  const v2 = await client.predict<{ outputs: { name: string; data: number[] }[] }>(
    `http://${gateway}/v2/models/iris/infer`,
    { inputs: [{ name: 'features', shape: [1, 4], datatype: 'FP32', data: IRIS_REQUEST.instances[0] }] },
  );
  const grpc = await client.grpc(`${gateway}:80`, 'ModelInfer', {
    model_name: 'iris',
    inputs: [
      { name: 'features', datatype: 'FP32', shape: [1, 4], contents: { fp32_contents: IRIS_REQUEST.instances[0] } },
    ],
  });

  expect(v1.status).toBe(200);
  expect(v1.headers).toMatchObject({ 'x-model-version': 'v1' });
  expect(v2.outputs.find(({ name }) => name === 'label')?.data).toEqual([0]);
  expect(grpc.code).toBe('OK');
});

test('what the gateway cannot answer it refuses in JSON', async () => {
  const answer = await client.http(`http://${gateway}/v1/models/tulips:predict`, IRIS_REQUEST);

  expect(answer.status).toBe(404);
  expect(JSON.parse(answer.body)).toEqual({ error: expect.any(String) });
});

test('no request fails while the gateway is rolled out', async () => {
  const result = await load(async () => {
    // Another budget is another time-out of the routes.
    await namespace.apply(objects({ latencyBudget: Duration.seconds(20) }));
    await Promise.all([gateway, model].map(settled));
  });

  expect(result).toMatchObject({ failures: {} });
  expect(result.answeredOnKept).toBeGreaterThan(1000);
});

test('no request fails while pods of the gateway are deleted one by one', async () => {
  const result = await load(async () => {
    for (const { metadata } of await namespace.pods(gateway)) {
      await namespace.kubectl(['delete', 'pod', metadata.name]);
      await settled(gateway);
    }
  });

  expect(result).toMatchObject({ failures: {} });
  expect(result.answeredOnKept).toBeGreaterThan(1000);
});

test('behind a gateway a model server that is killed takes nothing with it but requests on their way to it', async () => {
  // A process cannot kill the first one of its own namespace: here that is the pause container of the pod.
  await namespace.apply(objects({ podPatch: [JsonPatch.add('/spec/shareProcessNamespace', true)] }));
  await settled(model);
  const pod: string = (await namespace.pods(model))[0].metadata.name;

  const result = await load(async () => {
    await namespace.kubectl(['exec', pod, '--container', SERVER, '--', 'node', '--eval', KILL_SERVER]);
    await within(120, `${pod} serves again`, async () => {
      const killed = (await namespace.pods(model)).find(({ metadata }) => metadata.name === pod);
      return restartsOf(killed) === 1 && killed.status.containerStatuses[0].ready;
    });
  });

  // 40 senders: never more requests than that are under way. New ones find the other replica.
  const failed = Object.values(result.failures).reduce((sum, count) => sum + count, 0);
  expect(failed).toBeLessThanOrEqual(40);
  expect(result.answered).toBeGreaterThan(100);
});

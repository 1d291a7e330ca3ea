import { Scaling } from 'cdk8s-model-serving';
import { Cpu } from 'cdk8s-plus-28';
import { ClientPod } from './support/client-pod';
import { IRIS_PATH, IRIS_REQUEST, iris } from './support/iris';
import { nameOf, synthesize } from './support/manifests';
import { Namespace } from './support/namespace';
import { conditionOf, within } from './support/pods';

let namespace: Namespace;
let client: ClientPod;

beforeAll(async () => {
  namespace = await Namespace.create('autoscaling');
  client = await ClientPod.start(namespace);
});

afterAll(() => namespace.delete());

// It needs a metrics API, as every cluster with autoscalers has.
test('replicas are added under load; an apply of the same manifests does not take them away', async () => {
  const objects = synthesize(namespace.name, {
    model: iris(),
    scaling: Scaling.onCpu({ minReplicas: 1, maxReplicas: 3, targetUtilization: 20 }),
    // The autoscaler counts in requests. With as little as limit, the first pod could not answer its probes under the load.
    resources: { cpu: Cpu.millis(50), cpuLimit: Cpu.millis(500) },
  });
  const name = nameOf(objects, 'HorizontalPodAutoscaler');
  const replicas = async () => (await namespace.get('deployment', name)).spec.replicas;
  await namespace.apply(objects);
  await namespace.rolledOut(name);
  await within(120, 'the autoscaler sees the CPU use', async () => {
    const autoscaler = await namespace.get('hpa', name);
    return conditionOf(autoscaler, 'ScalingActive') === 'True';
  });

  const { failures } = await client.load({ url: `http://${name}${IRIS_PATH}`, body: IRIS_REQUEST }, async () => {
    await within(180, 'there are three replicas', async () => (await replicas()) === 3);
    await namespace.rolledOut(name);
  });
  await namespace.apply(objects);

  expect(failures).toEqual({});
  expect(await replicas()).toBeGreaterThan(1);
});

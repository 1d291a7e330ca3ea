import { Duration, JsonPatch } from 'cdk8s';
import { ClientPod } from './support/client-pod';
import { IRIS_PATH, IRIS_REQUEST, iris } from './support/iris';
import { nameOf, only, synthesize } from './support/manifests';
import { Namespace } from './support/namespace';
import { conditionOf, restartsOf, within } from './support/pods';

const LOAD_SECONDS = 90;

// Longer than the readiness and liveness probes would wait together: the server answers nothing at all for so long.
const SLOW_START = `
  const program = require('node:fs').realpathSync('/usr/local/bin/model-serving');
  const start = () => process.execve(process.execPath, [process.execPath, program, ...process.argv.slice(1)], process.env);
  setTimeout(start, ${1000 * LOAD_SECONDS});
`;

let namespace: Namespace;
let client: ClientPod;

beforeAll(async () => {
  namespace = await Namespace.create('slow-load');
  client = await ClientPod.start(namespace);
});

afterAll(() => namespace.delete());

test('a model that takes 90 seconds to load is not killed by probes', async () => {
  const objects = synthesize(namespace.name, {
    model: iris(),
    replicas: 1,
    maxLoadTime: Duration.minutes(3),
    podPatch: [JsonPatch.add('/spec/containers/0/command', ['node', '--eval', SLOW_START, '--'])],
  });
  const name = nameOf(objects, 'Deployment');
  expect(only(objects, 'Deployment').spec.template.spec.containers[0].args[0]).toBe('predictor');

  await namespace.apply(objects);
  await namespace.rolledOut(name, 240);

  const [pod] = await namespace.pods(name);
  const started = Date.parse(pod.status.containerStatuses[0].state.running.startedAt);
  const ready = pod.status.conditions.find(({ type }: { type: string }) => type === 'Ready');
  expect(Date.parse(ready.lastTransitionTime) - started).toBeGreaterThanOrEqual(1000 * LOAD_SECONDS);
  expect(restartsOf(pod)).toBe(0);
  await client.predict(`http://${name}${IRIS_PATH}`, IRIS_REQUEST);
});

test('a model that takes longer than it may is started again, and never ready', async () => {
  const objects = synthesize(
    namespace.name,
    {
      model: iris(),
      replicas: 1,
      maxLoadTime: Duration.seconds(10),
      podPatch: [JsonPatch.add('/spec/containers/0/command', ['node', '--eval', SLOW_START, '--'])],
    },
    'too-slow',
  );
  const name = nameOf(objects, 'Deployment');
  await namespace.apply(objects);

  const pod = await within(120, 'the container is started again', async () =>
    (await namespace.pods(name)).find((each) => restartsOf(each) >= 1),
  );

  expect(conditionOf(pod, 'Ready')).toBe('False');
  const events = await namespace.list('events');
  expect(events.filter(({ reason }) => reason === 'Unhealthy').map(({ message }) => message)).toContainEqual(
    expect.stringContaining('Startup probe failed'),
  );
});

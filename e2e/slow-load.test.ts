import { Duration, JsonPatch } from 'cdk8s';
import { ClientPod } from './support/client-pod';
import { IRIS_PATH, IRIS_REQUEST, iris } from './support/iris';
import { type Manifest, nameOf, only, synthesize } from './support/manifests';
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
let slow: Manifest[];
let tooSlow: Manifest[];

/** A model whose server starts slowly. */
function starting(id: string, maxLoadTime: Duration): Manifest[] {
  const props = {
    model: iris(),
    replicas: 1,
    maxLoadTime,
    podPatch: [JsonPatch.add('/spec/containers/0/command', ['node', '--eval', SLOW_START, '--'])],
  };
  return synthesize(namespace.name, props, id);
}

beforeAll(async () => {
  namespace = await Namespace.create('slow-load');
  client = await ClientPod.start(namespace);
  slow = starting('slow', Duration.minutes(3));
  tooSlow = starting('too-slow', Duration.seconds(10));
  // Both wait for long: at the same time.
  await namespace.apply([...slow, ...tooSlow]);
});

afterAll(() => namespace.delete());

test('a model that takes 90 seconds to load is not killed by probes', async () => {
  const name = nameOf(slow, 'Deployment');
  expect(only(slow, 'Deployment').spec.template.spec.containers[0].args[0]).toBe('predictor');

  await namespace.rolledOut(name, 240);

  const [pod] = await namespace.pods(name);
  const started = Date.parse(pod.status.containerStatuses[0].state.running.startedAt);
  const ready = pod.status.conditions.find(({ type }: { type: string }) => type === 'Ready');
  expect(Date.parse(ready.lastTransitionTime) - started).toBeGreaterThanOrEqual(1000 * LOAD_SECONDS);
  expect(restartsOf(pod)).toBe(0);
  await client.predict(`http://${name}${IRIS_PATH}`, IRIS_REQUEST);
});

test('a model that takes longer than it may is started again, and never ready', async () => {
  const pod = await within(120, 'the container is started again', async () =>
    (await namespace.pods(nameOf(tooSlow, 'Deployment'))).find((each) => restartsOf(each) >= 1),
  );

  expect(conditionOf(pod, 'Ready')).toBe('False');
  const events = await namespace.list('events');
  const failed = events.filter(
    ({ reason, involvedObject }) => reason === 'Unhealthy' && involvedObject.name === pod.metadata.name,
  );
  expect(failed.map(({ message }) => message)).toContainEqual(expect.stringContaining('Startup probe failed'));
});

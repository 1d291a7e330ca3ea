import { join } from 'node:path';
import { App, Chart, Duration } from 'cdk8s';
import {
  CanaryRollout,
  CanaryStep,
  Guardrail,
  Model,
  ModelGateway,
  ModelSource,
  OnlineModel,
} from 'cdk8s-model-serving';
import type { RolloutStatus } from '../lib/contract';
import { runCommand } from '../test/support/command';
import { ClientPod } from './support/client-pod';
import { type OperatorConfig, operatorConfig } from './support/kubeconfig';
import { forCluster, type Manifest, nameOf } from './support/manifests';
import { Namespace } from './support/namespace';
import { within } from './support/pods';

const EXAMPLES = join(__dirname, '../examples');
const FILES: Record<string, string> = {
  v1: 'iris/models/iris-v1.onnx',
  v2: 'iris/models/iris-v2.onnx',
  // Calls every virginica a versicolor.
  v3: 'iris-canary/models/iris-v3.onnx',
};
const PATH = '/v1/models/iris-classifier:predict';
// A virginica.
const REQUEST = { instances: [[6.3, 3.3, 6.0, 2.5]] };

let namespace: Namespace;
let client: ClientPod;
let operator: OperatorConfig;
let objects: Manifest[];

/** The iris canary with steps of seconds, from one version to another. */
function declare(stable: string, candidate: string): Manifest[] {
  const chart = new Chart(new App(), 'iris', { namespace: namespace.name });
  const gateway = new ModelGateway(chart, 'gateway');
  const iris = (version: string) =>
    new OnlineModel(chart, version, {
      gateway,
      model: Model.onnx({
        name: 'iris-classifier',
        version,
        source: ModelSource.file(join(EXAMPLES, FILES[version] ?? '')),
      }),
    });
  new CanaryRollout(chart, 'rollout', {
    gateway,
    stable: iris(stable),
    candidate: iris(candidate),
    interval: Duration.seconds(1),
    steps: [
      CanaryStep.shadow({ percent: 100, comparePercent: 100, minSamples: 200 }),
      CanaryStep.weight(20, { minDuration: Duration.seconds(5), minSamples: 100 }),
      CanaryStep.pause(),
    ],
    guardrails: [Guardrail.errorRate({ max: 0.05 }), Guardrail.disagreement({ max: 0.15, tolerance: 0.5 })],
  });
  return forCluster(chart.toJson());
}

const rolloutName = () => nameOf(objects, 'Lease');
const status = async (): Promise<RolloutStatus> =>
  JSON.parse((await namespace.get('configmap', rolloutName())).data?.['status.json'] ?? '{}');
const reaches = (phase: string, seconds: number, weight?: number) =>
  within(seconds, `the rollout is ${phase}`, async () => {
    const found = await status();
    if (found.phase !== phase || (weight !== undefined && found.candidateWeight !== weight)) {
      throw new Error(`The rollout is ${found.phase}, not ${phase}: ${JSON.stringify(found)}`);
    }
    return found;
  });

/** Runs `model-serving rollout VERB` as a person does: with kubectl, and a kubeconfig of the cluster's or of an operator's. */
const rollout = async (who: 'admin' | 'token' | 'plugin', ...words: string[]) => {
  const target = who === 'admin' ? ['--namespace', namespace.name] : ['--context', who];
  const env: Record<string, string> = who === 'admin' ? {} : { KUBECONFIG: operator.path };
  return runCommand(['rollout', ...words, ...target], { env });
};
const answered = async (who: 'admin' | 'token' | 'plugin', ...words: string[]) => {
  const { code, stdout, stderr } = await rollout(who, ...words, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};
const killController = async () => {
  const [pod] = await namespace.pods(rolloutName());
  await namespace.kubectl(['delete', 'pod', pod.metadata.name, '--grace-period=0', '--force']);
  return pod.metadata.uid;
};
const versionsAnswering = async (count: number) => {
  const versions: string[] = [];
  for (let sent = 0; sent < count; sent++) {
    const answer = await client.http(`http://${nameOf(objects, 'Deployment', 'gateway')}${PATH}`, REQUEST);
    versions.push(answer.headers['x-model-version'] ?? '');
  }
  return new Set(versions);
};
const load = (during: () => Promise<void>) =>
  client.load({ url: `http://${nameOf(objects, 'Deployment', 'gateway')}${PATH}`, body: REQUEST }, during);
const deployments = (containing: string) =>
  objects.filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name.includes(containing));
const rolledOut = () => Promise.all(deployments('').map(({ metadata }) => namespace.rolledOut(metadata.name)));
const podsOf = async (version: string) =>
  (await namespace.pods(nameOf(objects, 'Deployment', `-${version}-`))).map(({ metadata }) => metadata.uid).sort();

beforeAll(async () => {
  namespace = await Namespace.create('canary');
  client = await ClientPod.start(namespace);
  operator = await operatorConfig(namespace);
});

afterAll(async () => {
  operator.remove();
  await namespace.delete();
});

test('v2 gets shadows, a share, the word of people, and everything; its controller is killed, and no request fails', async () => {
  objects = declare('v1', 'v2');
  await namespace.apply(objects);
  await rolledOut();
  const before = await Promise.all(['v1', 'v2'].map(podsOf));

  const result = await load(async () => {
    await reaches('Progressing', 180, 2000);
    const killed = await killController();
    // Asked while there is none: the next controller answers, once the lease of the killed one is over.
    const by = operator.user;
    expect(await answered('plugin', 'pause', '--why', 'let me look')).toMatchObject({ by, why: 'let me look' });
    expect((await status()).candidateWeight).toBe(2000);
    expect((await namespace.pods(rolloutName())).map(({ metadata }) => metadata.uid)).not.toContain(killed);
    expect(await rollout('token', 'status')).toMatchObject({ code: 0, stdout: expect.stringContaining('Paused') });
    expect(await answered('token', 'resume', '--why', 'seen')).toMatchObject({ by, kind: 'resumed' });

    const paused = await reaches('Paused', 60, 2000);
    expect(paused.reason).toContain('waits for a person');
    await namespace.kubectl(['annotate', 'configmap', rolloutName(), 'model-serving/promote=it looks good']);
    expect(await rollout('admin', 'status', '--wait', '--timeout', '60')).toMatchObject({ code: 0 });
  });

  expect(result).toMatchObject({ failures: {} });
  expect(await versionsAnswering(10)).toEqual(new Set(['v2']));
  expect(await Promise.all(['v1', 'v2'].map(podsOf))).toEqual(before);
});

test('what people said is in the decisions, with who and why, and events tell of it', async () => {
  const { stdout } = await rollout('token', 'history', '--json');
  const decisions = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const events = await namespace.list('events');

  expect(decisions).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ by: expect.stringContaining('kubectl'), why: 'it looks good' }),
      expect.objectContaining({ by: operator.user, why: 'let me look' }),
      expect.objectContaining({ kind: 'leader', message: expect.stringContaining('in term 2') }),
    ]),
  );
  expect(events.some(({ involvedObject }) => involvedObject.name === rolloutName())).toBe(true);
});

test('applying the same manifests again changes nothing: v2 keeps everything', async () => {
  expect(await namespace.diff(objects)).toBe('');
  await namespace.apply(objects);

  expect((await status()).phase).toBe('Promoted');
  expect(await versionsAnswering(5)).toEqual(new Set(['v2']));
});

test('v3, which is broken, is turned back by itself; no request fails, and clients never see its answers', async () => {
  const before = await podsOf('v2');

  objects = declare('v2', 'v3');
  const result = await load(async () => {
    await namespace.apply(objects);
    await rolledOut();
    const ended = await reaches('RolledBack', 180);
    expect(ended.guardrails.find(({ name }) => name === 'disagreement')).toMatchObject({ outcome: 'fail' });

    expect(await answered('admin', 'retry', '--why', 'once more')).toMatchObject({ kind: 'started' });
    // It may be on its way back, or back, before the abort arrives; then there is nothing left to abort.
    const asked = await rollout('plugin', 'abort', rolloutName(), '--why', 'enough', '--json');
    expect(asked.code === 0 ? JSON.parse(asked.stdout).kind : asked.stdout).toMatch(
      /^aborting$|Aborting already|RolledBack/,
    );
    expect(await rollout('token', 'status', '--wait', '--timeout', '60')).toMatchObject({ code: 1 });
    expect(await rollout('token', 'promote')).toMatchObject({ code: 1, stdout: expect.stringContaining('RolledBack') });
  });

  expect(result).toMatchObject({ failures: {} });
  expect(await versionsAnswering(10)).toEqual(new Set(['v2']));
  expect(await podsOf('v2')).toEqual(before);
});

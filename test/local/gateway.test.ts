import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Chart, Duration, Testing } from 'cdk8s';
import { CanaryRollout, CanaryStep, Guardrail, Model, ModelGateway, ModelSource, OnlineModel } from '../../lib';
import type { AgentStatus, RolloutSplit } from '../../lib/contract';
import { CONFIG_MAPS, type ConfigMapObject, KubernetesApi } from '../../runtime/src/kubernetes-api';
import { type LocalRun, type LogLine, type Manifest, runLocal } from '../../runtime/src/local';
import { type Envoy, findEnvoy } from '../../runtime/src/local/proxy';
import { createLogger } from '../../runtime/src/telemetry';
import { eventually } from '../support/eventually';
import { IRIS } from '../support/manifests';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const logger = createLogger({ level: 'silent' });
const root = temporaryDirectory();
const envoy = findEnvoy();

beforeAll(() => {
  process.env.TMPDIR = join(root, 'tmp');
  mkdirSync(process.env.TMPDIR);
});

describe('a gateway with the built-in router', () => serves(undefined));
describeWith(
  'a gateway with Envoy',
  { what: 'Envoy (ENVOY, or envoy on the PATH)', present: envoy !== undefined },
  () => serves(envoy),
);

/** Two versions of a model behind a gateway; what the controller would write, the test does. */
function manifests(): Manifest[] {
  const chart = new Chart(Testing.app(), 'iris', { namespace: 'ml' });
  const gateway = new ModelGateway(chart, 'gateway', { replicas: 1 });
  const source = ModelSource.file(IRIS);
  const [stable, candidate] = ['v1', 'v2'].map(
    (version) =>
      new OnlineModel(chart, version, { gateway, replicas: 1, model: Model.onnx({ name: 'iris', version, source }) }),
  );
  new CanaryRollout(chart, 'rollout', {
    gateway,
    stable: stable!,
    candidate: candidate!,
    steps: [CanaryStep.weight(10, { minDuration: Duration.minutes(1), minSamples: 100 })],
    guardrails: [Guardrail.errorRate({ max: 0.01 })],
  });
  const objects = Testing.synth(chart) as Manifest[];
  return objects.filter(({ kind, metadata }) => kind !== 'Deployment' || !metadata.name.includes('rollout'));
}

function serves(proxy: Envoy | undefined): void {
  const lines: LogLine[] = [];
  let run: LocalRun;
  let url: string;
  let api: KubernetesApi;
  let rollout: string;

  beforeAll(async () => {
    // The Service of the rollout has no pods, which is no fault.
    run = await runLocal(manifests(), { logger, envoy: proxy, output: (line) => lines.push(line) });
    const status = await eventually('every pod is ready', () => run.status().ready && run.status());
    url = status.services.find(({ name, port }) => name.startsWith('gateway') && port === 'http')?.url ?? '';
    const [found] = status.apis;
    rollout = found?.rollouts[0] ?? '';
    api = KubernetesApi.at(found?.url ?? '', { namespace: 'ml' });
  });

  afterAll(async () => {
    await run.stop();
    expect(readdirSync(join(root, 'tmp')).filter((name) => name.startsWith('model-serving-local-'))).toEqual([]);
  });

  const predict = async () => {
    const body = JSON.stringify({ instances: [[5.1, 3.5, 1.4, 0.2]] });
    const response = await fetch(`${url}/v1/models/iris:predict`, { method: 'POST', body });
    await response.arrayBuffer();
    return { status: response.status, version: response.headers.get('x-model-version') };
  };
  const split = async (revision: number, candidateWeight: number) => {
    const numbers: RolloutSplit = {
      revision,
      stable: 'v1',
      candidate: 'v2',
      candidateWeight,
      mirror: 0,
      comparison: 0,
      pinned: false,
    };
    await api.merge<ConfigMapObject>(CONFIG_MAPS, rollout, {
      data: { 'split.json': JSON.stringify(numbers), heartbeat: String(revision) },
    });
  };
  const podOf = (name: string) => run.status().pods.find((pod) => pod.name.startsWith(name));
  const containerOf = (pod: string, name: string) => podOf(pod)?.containers.find((each) => each.name === name);

  it('says in its log what runs in its containers', () => {
    const said = lines.filter(({ container: name }) => name === 'envoy').map(({ text }) => text);
    expect(said.some((text) => text.includes('the built-in router serves'))).toBe(proxy === undefined);
  });

  it('leads requests to the stable version, and with a split to the other', async () => {
    // As in a cluster, the proxy hears of ready pods a moment later.
    await eventually('the stable version answers', async () => (await predict()).status === 200);
    expect(await predict()).toEqual({ status: 200, version: 'v1' });
    await split(1, 10_000);
    await eventually('the candidate answers', async () => (await predict()).version === 'v2');
    await split(2, 0);
    await eventually('the stable version answers', async () => (await predict()).version === 'v1');
  });

  it('is known to the API by its pods, which tell what they serve', async () => {
    await split(3, 0);
    const { url: server } = run.status().apis[0]!;
    const pods = async (host: string, port: number) =>
      (await (await fetch(`${server}/model-serving/pods?host=${host}&port=${port}`)).json()) as {
        host: string;
        port: number;
      }[];
    const name = podOf('gateway')?.name.replace(/-0$/, '');
    const [agent, ...others] = await pods(`${name}-pods.ml.svc`, 8083);
    expect(others).toEqual([]);
    await eventually('the agent tells the revision', async () => {
      const status = (await (await fetch(`http://${agent?.host}:${agent?.port}/status`)).json()) as AgentStatus;
      return status.rollouts[rollout]?.revision === 3 && status.serving === status.written;
    });
    expect(await pods('none-pods.ml.svc', 8080)).toEqual([]);
    expect(await pods(`${name}.ml.svc`, 8083)).toEqual([]);
  });

  it('answers again, on the same ports, when its proxy was killed', async () => {
    const { pid = Number.NaN, restarts } = containerOf('gateway', 'envoy')!;
    process.kill(pid, 'SIGKILL');
    await eventually('the proxy is started again', () => (containerOf('gateway', 'envoy')?.restarts ?? 0) > restarts);
    await eventually('the gateway is ready', () => run.status().ready);
    await eventually('it answers', async () => (await predict()).status === 200);
    expect(await predict()).toEqual({ status: 200, version: 'v1' });
  });

  it('finds the pod of a model again that was killed', async () => {
    const { pid = Number.NaN } = containerOf('iris-v1', 'predictor')!;
    process.kill(pid, 'SIGKILL');
    await eventually('the pod is out', async () => (await predict()).status === 503);
    await eventually('the pod is back', async () => (await predict()).status === 200);
  });

  it('is drained by the hook of its containers before they end', async () => {
    await run.stop();
    const said = lines.filter(({ container: name }) => name === 'agent').map(({ text }) => text);
    expect(said.some((text) => text.includes('the proxy has drained'))).toBe(true);
    expect(containerOf('gateway', 'envoy')?.reason).toBe('exit code 0 (done)');
  });
}

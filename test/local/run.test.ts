import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import os, { constants } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type LocalRun,
  type LocalStatus,
  type LogLine,
  type Manifest,
  ManifestError,
  runLocal,
} from '../../runtime/src/local';
import { createLogger } from '../../runtime/src/telemetry';
import { eventually } from '../support/eventually';
import { sendFile, startServer } from '../support/file-server';
import { describeWith } from '../support/requires';
import { modelConfig, servingConfig, sha256, sourceConfig } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';
import { configMap, container, deployment, type KubernetesObject, service } from '../support/workload';

const FAST = { initialMillis: 50, maxMillis: 200, resetMillis: 600_000 };
const MODEL = readFileSync(resolve(__dirname, '../../examples/iris/models/iris-v1.onnx'));
const ROW = [5.1, 3.5, 1.4, 0.2];
const PORTS = [
  { name: 'http', containerPort: 8080 },
  { name: 'grpc', containerPort: 8081 },
  { name: 'metrics', containerPort: 8082 },
];
const logger = createLogger({ level: 'silent' });
const root = temporaryDirectory();
const runs: LocalRun[] = [];
const lines: LogLine[] = [];

beforeAll(() => {
  // Another test file may run manifests at the same time.
  mkdirSync(join(root, 'tmp'));
  jest.spyOn(os, 'tmpdir').mockReturnValue(join(root, 'tmp'));
});

afterEach(async () => {
  await Promise.all(runs.splice(0).map((run) => run.stop()));
  lines.splice(0);
});

async function run(objects: readonly KubernetesObject[], restarts = FAST): Promise<LocalRun> {
  const started = await runLocal(objects as readonly Manifest[], {
    logger,
    restarts,
    output: (line) => lines.push(line),
  });
  runs.push(started);
  return started;
}

/** The first status for which the question has an answer. */
function until<T>(
  what: string,
  started: LocalRun,
  ask: (status: LocalStatus) => T,
): Promise<Exclude<T, false | null | undefined>> {
  return eventually(what, () => ask(started.status()));
}

const isReady = (status: LocalStatus) => status.ready;
const mainOf = (status: LocalStatus) => status.pods[0]?.containers.find(({ name }) => name === 'main');

/** Processes that run now, pod by pod. */
const pidsOf = (status: LocalStatus) =>
  status.pods.flatMap(({ containers }) => containers.flatMap(({ pid }) => pid ?? []));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Whether a process has a handler for a signal, so that the signal alone does not end it. */
function handles(pid: number, signal: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & (1n << BigInt(signal - 1))) !== 0n;
}

const sandboxes = () => readdirSync(join(root, 'tmp')).filter((name) => name.startsWith('model-serving-local-'));

describe('manifests that cannot be run', () => {
  it('start nothing, and are told at once', async () => {
    const bad = deployment('bad', { containers: [container({ image: 'other', command: ['other'] })] });
    await expect(run([bad, service('bad', [{ port: 80 }])])).rejects.toThrow(ManifestError);
    await expect(run([configMap('c', {})])).rejects.toThrow(/There is no Deployment/);
    expect(sandboxes()).toEqual([]);
  });
});

describe('the life of a pod', () => {
  it('begins with its init containers in order, and is ready when its containers are', async () => {
    const config = servingConfig(modelConfig({ path: '/models/m.onnx' }));
    const started = await run([
      deployment('ordered', {
        initContainers: [
          container({ name: 'first', args: ['sleep', '--seconds', '0'] }),
          container({
            name: 'second',
            args: ['fetch', '--config', '/etc/c/config.json'],
            volumeMounts: [{ name: 'c', mountPath: '/etc/c' }],
          }),
        ],
        volumes: [{ name: 'c', configMap: { name: 'c' } }],
      }),
      configMap('c', { 'config.json': JSON.stringify(config) }),
    ]);
    const seen: string[] = [];
    const changes = started.onChange(({ pods }) => {
      seen.push((pods[0]?.containers ?? []).map(({ state }) => state).join(' '));
    });
    await until('the pod is ready', started, isReady);
    changes();
    expect([...new Set(seen)]).toEqual([
      'Running Waiting Waiting',
      'Completed Waiting Waiting',
      'Completed Running Waiting',
      'Completed Completed Waiting',
      'Completed Completed Running',
    ]);
    expect(
      lines.some(
        ({ pod, container: name, text }) =>
          pod === 'ordered-0' && name === 'second' && text.includes('nothing to download'),
      ),
    ).toBe(true);
  });

  it('goes no further than an init container that fails', async () => {
    const started = await run([
      deployment('stuck', {
        initContainers: [container({ name: 'first', args: ['fetch', '--config', '/none.json'] })],
      }),
    ]);
    const [first, main] = await until('the init container fails again and again', started, ({ pods }) => {
      const [one, two] = pods[0]?.containers ?? [];
      return (
        one !== undefined && two !== undefined && one.restarts >= 3 && one.state === 'CrashLoopBackOff' && [one, two]
      );
    });
    expect(first?.reason).toMatch(/^exit code 43 \(bad configuration.*\): .*\/none\.json:\n {2}- the file exists/);
    expect(main).toMatchObject({ state: 'Waiting', restarts: 0 });
    expect(started.status().ready).toBe(false);
  });

  it('has a reason from the end of the log where the manifest asks for it', async () => {
    const args = ['sleep', '--seconds', 'many'];
    const started = await run([
      deployment('silent', { containers: [container({ args, terminationMessagePolicy: 'FallbackToLogsOnError' })] }),
    ]);
    const reason = await until('the container has failed', started, (status) => mainOf(status)?.reason);
    expect(reason).toMatch(/^exit code 2 \(wrong arguments\): .*Give a number of seconds/s);
  });

  it('goes on with a new container when one ends, also with code 0', async () => {
    const started = await run([
      deployment('short', { containers: [container({ args: ['sleep', '--seconds', '0'] })] }),
    ]);
    const { reason } = await until('the container was restarted', started, (status) => {
      const main = mainOf(status);
      return main !== undefined && main.restarts >= 2 && main;
    });
    expect(reason).toBe('exit code 0 (done)');
  });

  it('ends with all of its processes and files', async () => {
    const started = await run([deployment('gone', {}, { replicas: 2 })]);
    await until('the pods are ready', started, isReady);
    const pids = pidsOf(started.status());
    expect(pids.map(isAlive)).toEqual([true, true]);
    await started.stop();
    expect(pids.map(isAlive)).toEqual([false, false]);
    expect(sandboxes()).toEqual([]);
    expect(started.status().pods.every(({ ready }) => !ready)).toBe(true);
  });

  it('can end while it waits for a restart', async () => {
    const args = ['fetch', '--config', '/none.json'];
    const started = await run([deployment('waiting', { containers: [container({ args })] })], {
      ...FAST,
      initialMillis: 3_600_000,
      maxMillis: 3_600_000,
    });
    await until(
      'the container waits for a long time',
      started,
      (status) => mainOf(status)?.state === 'CrashLoopBackOff',
    );
    await started.stop();
  });
});

describeWith('the process of a container', { what: '/proc', present: existsSync('/proc/self/status') }, () => {
  it('gives every process a name, the variables of the manifest, and nothing of this machine', async () => {
    process.env.OF_THIS_MACHINE = 'secret';
    const started = await run([deployment('named', { containers: [container({ env: [{ name: 'A', value: '1' }] })] })]);
    await until('the pod is ready', started, isReady);
    const [pid] = pidsOf(started.status());
    delete process.env.OF_THIS_MACHINE;
    const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter((entry) => entry !== '' && !entry.startsWith('NODE_EXTRA'));
    expect(names.map((entry) => entry.split('=')[0]).sort()).toEqual([
      'A',
      'HOSTNAME',
      'MODEL_SERVING_SANDBOX',
      'PATH',
    ]);
    expect(names).toContain('HOSTNAME=named-0');
  });

  it('ends by force after the grace period', async () => {
    const started = await run([deployment('frozen', { terminationGracePeriodSeconds: 1 })]);
    await until('the pod is ready', started, isReady);
    const [pid = Number.NaN] = pidsOf(started.status());
    await eventually('the process handles SIGTERM', () => handles(pid, constants.signals.SIGTERM));
    process.kill(pid, 'SIGSTOP');
    await started.stop();
    expect(mainOf(started.status())?.reason).toMatch(/ended by SIGKILL \(killed by force/);
    expect(isAlive(pid)).toBe(false);
  });
});

describe('probes', () => {
  const probed = (name: string, fields: object) =>
    run([deployment(name, { containers: [container({ ports: PORTS, ...fields })] })]);
  const exec = (...args: string[]) => ({
    exec: { command: ['model-serving', ...args] },
    periodSeconds: 1,
    timeoutSeconds: 10,
    failureThreshold: 1,
  });
  const succeeds = exec('sleep', '--seconds', '0');
  const fails = exec('sleep', '--seconds', 'many');

  it('make a container ready', async () => {
    const started = await probed('good', { startupProbe: succeeds, livenessProbe: succeeds, readinessProbe: succeeds });
    await until('the pod is ready', started, isReady);
    expect(mainOf(started.status())).toMatchObject({ restarts: 0, state: 'Running' });
  });

  it('keep a container from being ready', async () => {
    const started = await probed('unready', { readinessProbe: fails, livenessProbe: succeeds });
    await until('the container runs', started, (status) => mainOf(status)?.state === 'Running');
    expect(started.status().ready).toBe(false);
    expect(mainOf(started.status())?.restarts).toBe(0);
  });

  it.each(['startupProbe', 'livenessProbe'])('restart a container: %s', async (probe) => {
    const started = await probed(probe.toLowerCase(), { [probe]: fails });
    const { reason } = await until('the container was restarted', started, (status) => {
      const main = mainOf(status);
      return main !== undefined && main.restarts >= 2 && main;
    });
    expect(reason).toMatch(
      new RegExp(
        `the ${probe === 'startupProbe' ? 'startup' : 'liveness'} probe failed: sleep --seconds many ended with code 2`,
      ),
    );
  });

  it('of liveness and readiness wait until the container has started', async () => {
    const started = await probed('gated', {
      startupProbe: { ...fails, failureThreshold: 1000 },
      livenessProbe: fails,
      readinessProbe: succeeds,
    });
    await until('the container runs', started, (status) => mainOf(status)?.state === 'Running');
    const second = await probed('other', { livenessProbe: fails });
    await until(
      'another container is restarted by the same probe',
      second,
      (status) => (mainOf(status)?.restarts ?? 0) >= 2,
    );
    expect(mainOf(started.status())).toMatchObject({ restarts: 0, ready: false });
  });
});

describe('a predictor from manifests', () => {
  const config = servingConfig(modelConfig({ path: '/models/iris/v1/model.onnx', sha256: sha256(MODEL) }));
  const probe = (path: string, periodSeconds = 1) => ({
    httpGet: { path, port: 'http' },
    periodSeconds,
    timeoutSeconds: 5,
    failureThreshold: 60,
  });
  const predictor = (fields: object = {}) =>
    container({
      args: ['predictor', '--config', '/etc/model-serving/config.json'],
      ports: PORTS,
      startupProbe: probe('/v2/health/ready'),
      readinessProbe: probe('/v2/health/ready'),
      livenessProbe: probe('/v2/health/live'),
      volumeMounts: [
        { name: 'config', mountPath: '/etc/model-serving' },
        { name: 'tmp', mountPath: '/tmp' },
        { name: 'model', mountPath: '/models/iris/v1' },
      ],
      ...fields,
    });
  const volumes = [
    { name: 'config', configMap: { name: 'config' } },
    { name: 'tmp', emptyDir: {} },
    { name: 'model', configMap: { name: 'model' } },
  ];
  const objects = (replicas: number): KubernetesObject[] => [
    deployment('iris', { containers: [predictor()], volumes }, { replicas }),
    configMap('config', { 'config.json': JSON.stringify(config) }),
    configMap('model', {}, { binaryData: { 'model.onnx': MODEL.toString('base64') } }),
    service('iris', [
      { name: 'http', port: 80, targetPort: 'http' },
      { name: 'grpc', port: 8081, targetPort: 'grpc', appProtocol: 'kubernetes.io/h2c' },
      { name: 'metrics', port: 8082, targetPort: 8082 },
    ]),
  ];
  const predict = (url: string) =>
    fetch(`${url}/v1/models/iris:predict`, { method: 'POST', body: JSON.stringify({ instances: [ROW] }) });
  const urlOf = (status: LocalStatus, port: string) => status.services.find((one) => one.port === port)?.url ?? '';

  it('answers through its Service, from several pods', async () => {
    const started = await run(objects(2));
    await until('the pods are ready', started, isReady);
    const status = started.status();
    expect(status.services.map(({ port, readyPods, pods }) => ({ port, readyPods, pods }))).toEqual([
      { port: 'http', readyPods: 2, pods: 2 },
      { port: 'grpc', readyPods: 2, pods: 2 },
      { port: 'metrics', readyPods: 2, pods: 2 },
    ]);
    expect(status.services.find(({ port }) => port === 'grpc')?.url).toBeUndefined();
    const response = await predict(urlOf(status, 'http'));
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 200,
      body: { predictions: [{ label: 0 }] },
    });
    expect(await (await fetch(`${urlOf(status, 'metrics')}/metrics`)).text()).toContain('model_serving_requests_total');
  });

  it('loses no request when a pod ends, and gets it back', async () => {
    const started = await run(objects(2));
    await until('the pods are ready', started, isReady);
    const url = urlOf(started.status(), 'http');
    const [victim = Number.NaN] = pidsOf(started.status());
    process.kill(victim, 'SIGKILL');
    await until('the pod is out of the Service', started, ({ services }) => services[0]?.readyPods === 1);
    for (let requests = 0; requests < 20; requests += 1) {
      expect((await predict(url)).status).toBe(200);
    }
    await until('the pod is back', started, isReady);
    expect(started.status().pods.map(({ containers }) => containers[0]?.restarts)).toEqual([1, 0]);
  });

  it('finishes what is in flight when everything ends', async () => {
    const started = await run(objects(1));
    await until('the pod is ready', started, isReady);
    const url = urlOf(started.status(), 'http');
    const body = JSON.stringify({ instances: [ROW] });
    const answer = new Promise<number | undefined>((done, failed) => {
      const pending = request(`${url}/v1/models/iris:predict`, {
        method: 'POST',
        headers: { 'content-length': body.length },
      });
      pending.on('response', (response) => {
        response.resume();
        done(response.statusCode);
      });
      pending.on('error', failed);
      pending.write(body.slice(0, 5));
      void (async () => {
        await eventually(
          'the request has reached the pod',
          () => pending.socket !== null && !pending.socket.connecting && pending.writableLength === 0,
        );
        const stopped = started.stop();
        await eventually('the predictor drains', () => lines.some(({ text }) => text.includes('draining')));
        await expect(predict(url)).rejects.toThrow('fetch failed');
        pending.end(body.slice(5));
        await stopped;
      })().catch(failed);
    });
    expect(await answer).toBe(200);
    await eventually('the pod has ended', () => mainOf(started.status())?.reason);
    expect(mainOf(started.status())?.reason).toBe('exit code 0 (done)');
  });

  it('serves what its init container has downloaded', async () => {
    const store = await startServer((request, response) => sendFile(request, response, MODEL));
    try {
      const source = sourceConfig({ uri: `${store.url}/iris.onnx` });
      const downloaded = servingConfig(
        modelConfig({ path: '/models/iris/v1/model.onnx', sha256: sha256(MODEL), source }),
      );
      const mounts = [
        { name: 'config', mountPath: '/etc/model-serving' },
        { name: 'tmp', mountPath: '/tmp' },
        { name: 'models', mountPath: '/models' },
      ];
      const podSpec = {
        initContainers: [
          container({
            name: 'fetch',
            args: ['fetch', '--config', '/etc/model-serving/config.json'],
            volumeMounts: mounts,
          }),
        ],
        containers: [predictor({ volumeMounts: mounts })],
        volumes: [volumes[0], volumes[1], { name: 'models', emptyDir: {} }],
      };
      const started = await run([
        deployment('iris', podSpec),
        configMap('config', { 'config.json': JSON.stringify(downloaded) }),
        service('iris', [{ name: 'http', port: 80, targetPort: 'http' }]),
      ]);
      await until('the pod is ready', started, isReady);
      expect((await predict(urlOf(started.status(), 'http'))).status).toBe(200);
    } finally {
      await store.close();
    }
  });

  it('serves a model from a directory in place of a claim', async () => {
    const directory = join(root, 'claim');
    mkdirSync(directory);
    writeFileSync(join(directory, 'model.onnx'), MODEL);
    const podSpec = {
      containers: [predictor()],
      volumes: [volumes[0], volumes[1], { name: 'model', persistentVolumeClaim: { claimName: 'claim' } }],
    };
    const manifests = [deployment('iris', podSpec), configMap('config', { 'config.json': JSON.stringify(config) })];
    const started = await runLocal(manifests as readonly Manifest[], { logger, volumes: { claim: directory } });
    runs.push(started);
    await until('the pod is ready', started, isReady);
    await started.stop();
    expect(existsSync(join(directory, 'model.onnx'))).toBe(true);
  });
});

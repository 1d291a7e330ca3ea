import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalStatus } from '../../runtime/src/local';
import { type RunningCommand, runCommand, startCommand, TERMINAL } from '../support/command';
import { eventually } from '../support/eventually';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';
import { container, deployment, type KubernetesObject, service } from '../support/workload';

const root = temporaryDirectory();
const temporary = join(root, 'tmp');
const running: RunningCommand[] = [];
let number = 0;

beforeAll(() => mkdirSync(temporary));

afterEach(async () => {
  for (const command of running.splice(0)) {
    command.child.kill('SIGTERM');
    await command.ended;
  }
});

/** A file with these objects. */
function manifests(...objects: KubernetesObject[]): string {
  number += 1;
  const file = join(root, `${number}.yaml`);
  writeFileSync(file, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  return file;
}

const ready = (name: string) => [
  deployment(name, { containers: [container({ ports: [{ name: 'http', containerPort: 8080 }] })] }),
  service(name, [{ name: 'http', port: 8080 }]),
];

function start(args: readonly string[], terminal = false): RunningCommand {
  const command = startCommand(['local', ...args], { terminal, env: { TMPDIR: temporary } });
  running.push(command);
  return command;
}

function read(file: string): LocalStatus {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const sandboxes = () => readdirSync(temporary).filter((name) => name.startsWith('model-serving-local-'));

describe('local', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'runs manifests until %s, and ends with code 0, without a trace',
    async (signal) => {
      const file = join(root, `status-${signal}.json`);
      const command = start([manifests(...ready('a')), '--status-file', file]);
      const status = await eventually('every pod is ready', () => {
        const current = read(file);
        return current.ready && current;
      });
      expect(status.services).toEqual([
        {
          namespace: 'ml',
          name: 'a',
          port: 'http',
          address: expect.any(String),
          url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
          readyPods: 1,
          pods: 1,
        },
      ]);
      const pids = status.pods.flatMap(({ containers }) => containers.map(({ pid }) => pid));
      expect(pids).toEqual([expect.any(Number)]);
      command.child.kill(signal);
      expect(await command.ended).toBe(0);
      expect(pids.map((pid) => isAlive(pid ?? Number.NaN))).toEqual([false]);
      expect(sandboxes()).toEqual([]);
      expect(read(file)).toMatchObject({ ready: false });
    },
  );

  it('leaves no process behind when it is killed', async () => {
    const file = join(root, 'killed.json');
    const command = start([manifests(...ready('a')), '--status-file', file]);
    const pid = await eventually('the pod runs', () => {
      const current = read(file);
      return current.ready ? current.pods[0]?.containers[0]?.pid : undefined;
    });
    command.child.kill('SIGKILL');
    await command.ended;
    await eventually('the process of the pod ends', () => !isAlive(pid));
  });

  it('puts the names of pod and container before what they write', async () => {
    const args = ['fetch', '--config', '/none.json'];
    const command = start([manifests(deployment('a', { containers: [container({ args })] }))]);
    const line = await eventually('the container writes', () =>
      command
        .stdout()
        .split('\n')
        .find((text) => text.startsWith('[')),
    );
    expect(line).toMatch(/^\[a-0\/main\] \{"level":"fatal",.*\}$/);
    expect(() => JSON.parse(line.slice(line.indexOf('{')))).not.toThrow();
  });

  it('says what has no effect here, once', async () => {
    const file = join(root, 'ignored.json');
    const policy = (name: string) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name },
    });
    const command = start([manifests(...ready('a'), policy('x'), policy('y')), '--status-file', file]);
    await eventually('every pod is ready', () => read(file).ready);
    const told = command.log().filter(({ msg }) => msg === 'without effect on this machine');
    expect(told).toEqual([expect.objectContaining({ ignored: ['NetworkPolicy: 2'] })]);
  });

  it('ends with code 43 and every reason when the manifests cannot be run', async () => {
    const bad = deployment('a', {
      containers: [container({ image: 'nginx:1', command: ['nginx'] })],
      volumes: [{ name: 'v', nfs: {} }],
    });
    const { code, log } = await runCommand(['local', manifests(bad)]);
    expect(code).toBe(43);
    expect(log.at(-1)).toMatchObject({
      level: 'fatal',
      msg: expect.stringMatching(
        /^The manifests cannot be run here:\n {2}- .*nfs.*\n {2}- .*container main runs "nginx" of the image nginx:1/,
      ),
    });
  });

  it('ends with code 43 for a path that is not there, or has no manifest', async () => {
    const empty = join(root, 'empty');
    mkdirSync(empty);
    for (const [path, message] of [
      [join(root, 'none'), /ENOENT/],
      [empty, /no manifest found. Synthesize first/],
    ] as const) {
      const { code, log } = await runCommand(['local', path]);
      expect(code).toBe(43);
      expect(log.at(-1)).toMatchObject({ msg: expect.stringMatching(message) });
    }
  });

  it('takes directories for claims', async () => {
    const file = join(root, 'claim.json');
    const podSpec = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'models' } }] };
    start([manifests(deployment('a', podSpec)), '--volume', `models=${root}`, '--status-file', file]);
    await eventually('every pod is ready', () => read(file).ready);
  });
});

describe('local --open', () => {
  it('tells where the Services are, and when that changes', async () => {
    const command = start([manifests(...ready('a')), '--open']);
    await eventually('the Service is ready', () =>
      command.log().some(({ msg, ready: all }) => msg === 'services' && all === true),
    );
    const told = command.log().filter(({ msg }) => msg === 'services');
    expect(told.length).toBeLessThanOrEqual(2);
    expect(told.at(-1)).toMatchObject({ services: [{ name: 'a', readyPods: 1 }] });
  });
});

describeWith('local --open on a terminal', TERMINAL, () => {
  it('prints a table, and coloured lines that a person can read', async () => {
    const args = ['fetch', '--config', '/none.json'];
    const failing = deployment('b', { containers: [container({ args })] });
    const command = start([manifests(...ready('a'), failing), '--open'], true);
    await eventually('the table is printed', () =>
      /ml\/a +http +http:\/\/127\.0\.0\.1:\d+ +1\/1/.test(command.stdout()),
    );
    await eventually('the failure is printed', () =>
      /b-0\/main: CrashLoopBackOff: exit code 43/.test(command.stdout()),
    );
    expect(command.stdout()).toMatch(/SERVICE +PORT +ADDRESS +READY/);
    expect(command.stdout()).toMatch(/\[b-0\/main\].*FATAL/);
    expect(command.stdout()).not.toContain('{"level"');
  });
});

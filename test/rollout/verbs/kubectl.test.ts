import { join } from 'node:path';
import { runHere } from '../../support/command-here';
import { type FakeKubectl, fakeKubectl } from '../../support/fake-kubectl';
import { dataOf, decision, rolloutMap, rolloutStatus } from '../../support/rollouts';
import { temporaryDirectory } from '../../support/temporary';

const directory = temporaryDirectory();
const path = process.env.PATH;
let kubectl: FakeKubectl;
let count = 0;
beforeEach(() => {
  count += 1;
  kubectl = fakeKubectl(join(directory, String(count)));
  kubectl.answers(
    'get configmaps',
    JSON.stringify({ kind: 'List', items: [rolloutMap(rolloutStatus(), [decision()])] }),
  );
  kubectl.answers('get configmap', JSON.stringify(rolloutMap(rolloutStatus(), [decision()]), undefined, 4));
  kubectl.answers('auth whoami', 'alice@example.com');
  kubectl.answers('patch configmap', 'configmap/iris-rollout\n');
  kubectl.fails('get lease', 'Error from server (Forbidden): leases "iris-rollout" is forbidden\n');
  process.env.PATH = kubectl.path;
});
afterAll(() => {
  process.env.PATH = path;
});

const rollout = (...args: string[]) => runHere('rollout', ...args);

/** A line of `kubectl get --watch --output-watch-events --output=json`. */
const event = (object: object, type = 'MODIFIED') => `${JSON.stringify({ type, object })}\n`;

describe('by the kubectl of the person', () => {
  it('shows the only rollout of the namespace of the context, without a Lease that may not be read', async () => {
    const { code, stdout, stderr } = await rollout('status');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^iris-rollout {3}iris v1 → v2/);
    expect(kubectl.calls()).toContainEqual([
      'get',
      'configmaps',
      '--selector=app.kubernetes.io/component=rollout',
      '--output=json',
      '--request-timeout=15s',
    ]);
    expect(kubectl.calls()).toContainEqual(['get', 'lease', 'iris-rollout', '--output=json', '--request-timeout=15s']);
    expect((await rollout('status', 'iris-rollout')).stdout).toMatch(/^iris-rollout/);
    expect(kubectl.calls()).toContainEqual([
      'get',
      'configmap',
      'iris-rollout',
      '--output=json',
      '--request-timeout=15s',
    ]);
  });

  it('asks in the name that the cluster knows the person by, in a namespace and a context', async () => {
    const pending = rolloutMap(rolloutStatus());
    pending.metadata.annotations = { 'model-serving/pause': JSON.stringify({ id: 'COMMAND_ID', by: '', why: '' }) };
    const answer = decision({
      kind: 'paused',
      message: 'stays',
      by: 'alice@example.com',
      command: 'COMMAND_ID',
    });
    const answered = rolloutMap(rolloutStatus(), [decision(), answer]);
    kubectl.answers('watch', event(pending, 'ADDED') + event(answered));
    const args = ['pause', 'iris-rollout', '--namespace', 'ml', '--context', 'prod', '--why', "it's 'wrong'"];
    expect(await rollout(...args)).toEqual({
      code: 0,
      stderr: '',
      stdout: 'iris-rollout: stays (alice@example.com)\n',
    });
    const target = ['--context=prod', '--namespace=ml'];
    for (const call of kubectl.calls()) {
      expect(call.slice(-2)).toEqual(target);
    }
    const patch = kubectl.calls().find(([verb]) => verb === 'patch')!;
    expect(patch.slice(0, 4)).toEqual(['patch', 'configmap', 'iris-rollout', '--type=merge']);
    const { metadata } = JSON.parse(patch[4]!.replace('--patch=', ''));
    expect(JSON.parse(metadata.annotations['model-serving/pause'])).toEqual({
      id: expect.any(String),
      by: 'alice@example.com',
      why: "it's 'wrong'",
    });
    expect(kubectl.calls().at(-1)!.slice(0, -2)).toEqual([
      'get',
      'configmap',
      'iris-rollout',
      '--watch',
      '--output-watch-events',
      '--output=json',
    ]);
  });

  it('aborts without asking who the person is', async () => {
    const answer = decision({ kind: 'aborting', message: 'turns back', command: 'COMMAND_ID' });
    kubectl.answers('watch', event(rolloutMap(rolloutStatus(), [answer])));
    expect((await rollout('abort')).code).toBe(0);
    expect(kubectl.calls().map(([verb]) => verb)).toEqual(['get', 'patch', 'get']);
  });

  it('asks as user@host where the cluster does not say', async () => {
    kubectl.fails('auth whoami', 'error: unknown command "whoami"\n');
    kubectl.answers(
      'watch',
      event(rolloutMap(rolloutStatus(), [decision({ kind: 'refused', command: 'COMMAND_ID' })])),
    );
    expect((await rollout('resume')).code).toBe(1);
    expect(JSON.stringify(kubectl.calls())).toMatch(/\\"by\\\\\\":\\\\\\"[^"]+@[^"]+\\\\\\"/);
  });

  it('follows to the end', async () => {
    const [before, after] = [rolloutStatus(), rolloutStatus({ phase: 'Promoted', reason: 'all steps are done' })];
    kubectl.answers('watch', event(rolloutMap(before), 'ADDED') + event({ ...rolloutMap(), data: dataOf(after) }));
    const { code, stdout } = await rollout('status', 'iris-rollout', '--wait');
    expect([code, stdout.match(/Progressing|Promoted/g)]).toEqual([0, ['Progressing', 'Promoted']]);
  });

  it('says when the rollout is not there, or goes', async () => {
    kubectl.answers('watch', event(rolloutMap(rolloutStatus()), 'ADDED') + event(rolloutMap(), 'DELETED'));
    expect((await rollout('status', '--wait')).stderr).toContain('There is no rollout "iris-rollout"');
    kubectl.fails('get configmap', 'Error from server (NotFound): configmaps "none" not found\n');
    expect(await rollout('status', 'none', '--context', 'prod')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('There is no rollout "none" in the namespace of the context prod.'),
    });
  });

  it('shows what kubectl says when it fails', async () => {
    kubectl.fails('watch', 'Error from server (Forbidden): configmaps is forbidden: User "alice" cannot watch\n');
    expect(await rollout('status', '--wait')).toMatchObject({
      code: 1,
      stderr:
        'model-serving: kubectl get: Error from server (Forbidden): configmaps is forbidden: User "alice" cannot watch\n',
    });
    kubectl.fails('patch configmap', 'Unable to connect to the server: dial tcp: lookup none: no such host\n');
    const { code, stderr } = await rollout('abort');
    expect([code, stderr]).toEqual([1, expect.stringContaining('kubectl patch: Unable to connect to the server')]);
  });

  it('says when something else answers', async () => {
    kubectl.answers('get configmaps', 'hello');
    expect((await rollout('status')).stderr).toContain('kubectl wrote something that is not JSON: hello');
    kubectl.answers('watch', 'hello\n');
    expect((await rollout('status', '--wait')).stderr).toContain('kubectl wrote something that is not JSON: hello');
  });

  it('says how else when there is no kubectl', async () => {
    process.env.PATH = directory;
    expect(await rollout('status')).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^model-serving: kubectl is not on PATH\. Install it .*--server URL/),
    });
  });
});

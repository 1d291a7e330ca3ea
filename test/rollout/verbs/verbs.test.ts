import type { RolloutCommand } from '../../../runtime/src/contract';
import { CONFIG_MAPS, type ConfigMapObject, KubernetesApi, LEASES } from '../../../runtime/src/kubernetes-api';
import type { Decision } from '../../../runtime/src/rollout/state';
import { type FaultyApi, startFaultyApi } from '../../support/api-faults';
import { runHere } from '../../support/command-here';
import { eventually } from '../../support/eventually';
import { answerCommands, dataOf, decision, rolloutMap, rolloutStatus } from '../../support/rollouts';

let faulty: FaultyApi;
let api: KubernetesApi;
let ending: AbortController;
let controller: Promise<void> | undefined;
beforeEach(async () => {
  faulty = await startFaultyApi('ml');
  api = KubernetesApi.at(faulty.url, { namespace: 'ml' });
  ending = new AbortController();
  controller = undefined;
});
afterEach(async () => {
  ending.abort();
  await controller;
  await faulty.close();
});

const rollout = (...args: string[]) => runHere('rollout', ...args, '--server', faulty.url, '--namespace', 'ml');
const create = (object: ConfigMapObject) => api.create(CONFIG_MAPS, object);
const change = (data: Record<string, string>) => api.merge(CONFIG_MAPS, 'iris-rollout', { data });

/** How often a watch was asked for. */
const watches = () => faulty.requests.filter((line) => line.includes('watch=true')).length;

/** Cuts the watch, until it is asked for again. */
async function loseWatch(): Promise<void> {
  const before = watches();
  await eventually('the watch is lost', () => {
    faulty.dropWatches();
    return watches() > before;
  });
}

/** A controller that answers requests. @returns what it was asked for */
function startController(answer: Partial<Decision>): { verb: string; command: RolloutCommand }[] {
  const asked: { verb: string; command: RolloutCommand }[] = [];
  controller = answerCommands(api, 'iris-rollout', ending.signal, (verb, command) => {
    asked.push({ verb, command });
    return answer;
  });
  return asked;
}

describe('a verb', () => {
  it.each([
    [['promote'], 'promote'],
    [['promote', '--full'], 'promote-full'],
    [['pause'], 'pause'],
    [['resume'], 'resume'],
    [['abort'], 'abort'],
    [['retry'], 'retry'],
    [['skip-step'], 'skip-step'],
  ])('%j asks by the annotation %s, and shows what the controller decides', async ([verb, ...flags], annotation) => {
    await create(rolloutMap(rolloutStatus()));
    const asked = startController({ kind: 'command', message: 'as you say' });
    const { code, stdout, stderr } = await rollout(verb!, ...flags, '--why', 'seen "by" me');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(asked).toEqual([
      {
        verb: `model-serving/${annotation}`,
        command: {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          by: expect.stringMatching(/.@./),
          why: 'seen "by" me',
        },
      },
    ]);
    expect(stdout).toBe(`iris-rollout: as you say (${asked[0]!.command.by}: seen "by" me)\n`);
  });

  it('ends with 1 when the controller refuses', async () => {
    await create(rolloutMap(rolloutStatus()));
    startController({ kind: 'refused', message: 'there is no pause to end' });
    const { code, stdout } = await rollout('resume', 'iris-rollout', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'refused', message: 'there is no pause to end' });
  });

  it('ends with 1 when no controller answers in time; an abort says who obeys all the same', async () => {
    await create(rolloutMap(rolloutStatus()));
    const paused = await rollout('pause', '--timeout', '0.2');
    expect(paused).toMatchObject({ code: 1, stdout: '' });
    expect(paused.stderr).toMatch(/^model-serving: The controller has not answered within 0.2 s.*The request stays/);
    expect(paused.stderr).not.toContain('agents');
    const aborted = await rollout('abort', '--timeout', '0.2', '--why', 'wrong labels');
    expect(aborted.code).toBe(1);
    expect(aborted.stderr).toContain('The agents of the gateway obey an abort by themselves');
    const { stdout } = await rollout('status');
    expect(stdout).toMatch(/The request abort of .+@.+ \(wrong labels\) waits for the controller\./);
  });

  it('needs neither a status that can be read nor an answer by watch alone', async () => {
    await create({ ...rolloutMap(), data: { ...dataOf(rolloutStatus()), 'status.json': 'null' } });
    startController({ kind: 'aborting', message: 'turns back' });
    expect(await rollout('abort')).toMatchObject({ code: 0, stdout: expect.stringContaining('turns back') });
  });

  it('says when somebody else asks for the same in its place', async () => {
    await create(rolloutMap(rolloutStatus()));
    const asked = rollout('abort', '--timeout', '2');
    await eventually(
      'the request is there',
      () => faulty.server.get('ConfigMap', 'iris-rollout')?.metadata.annotations,
    );
    const value = JSON.stringify({ id: 'other', by: 'bob', why: '' });
    await api.merge(CONFIG_MAPS, 'iris-rollout', { metadata: { annotations: { 'model-serving/abort': value } } });
    expect((await asked).stderr).toContain('The request was replaced by another abort of bob before it was answered.');
  });

  it('survives a connection that is lost while it waits', async () => {
    await create(rolloutMap(rolloutStatus()));
    const asked = rollout('pause');
    await eventually('it waits', () => watches() > 0);
    await loseWatch();
    startController({ kind: 'paused', message: 'stays at 10 %' });
    expect(await asked).toMatchObject({ code: 0, stdout: expect.stringContaining('stays at 10 %') });
  });

  it('does nothing to a ConfigMap that holds no rollout', async () => {
    await create({ metadata: { name: 'settings' }, data: { a: '1' } });
    const { code, stderr } = await rollout('abort', 'settings');
    expect([code, stderr]).toEqual([
      1,
      `model-serving: The ConfigMap "settings" in the namespace ml of ${faulty.url} does not hold a rollout.\n`,
    ]);
    expect(faulty.server.get('ConfigMap', 'settings')?.metadata.annotations).toBeUndefined();
  });

  it('shows what the API says when it refuses', async () => {
    await create(rolloutMap(rolloutStatus()));
    faulty.failNext(1, 403, (line) => line.startsWith('PATCH'));
    const { code, stderr } = await rollout('abort');
    expect([code, stderr]).toEqual([1, expect.stringContaining('iris-rollout: 403 injected')]);
    faulty.failNext(9, 403, (line) => line.includes('fieldSelector'));
    const status = await rollout('status', '--wait');
    expect([status.code, status.stderr]).toEqual([1, expect.stringContaining('configmaps: 403 injected')]);
  });
});

describe('without a name', () => {
  it('it is the only rollout of the namespace; configurations are none', async () => {
    await create({ ...rolloutMap(undefined, [], 'iris-rollout-config'), data: { 'config.json': '{}' } });
    await create({ metadata: { name: 'settings' }, data: { a: '1' } });
    expect(await rollout('status')).toMatchObject({
      code: 1,
      stderr: `model-serving: There is no rollout in the namespace ml of ${faulty.url}. Name another namespace by --namespace.\n`,
    });
    await create(rolloutMap(rolloutStatus()));
    expect((await rollout('status')).stdout).toMatch(/^iris-rollout {3}iris v1 → v2/);
    expect(faulty.requests).toContain(
      'GET /api/v1/namespaces/ml/configmaps?labelSelector=app.kubernetes.io%2Fcomponent%3Drollout',
    );
  });

  it('several are listed', async () => {
    await create(rolloutMap(rolloutStatus(), [], 'b-rollout'));
    await create(rolloutMap(rolloutStatus(), [], 'a-rollout'));
    const { code, stderr } = await rollout('abort');
    expect([code, stderr]).toEqual([
      1,
      `model-serving: There are 2 rollouts in the namespace ml of ${faulty.url}; name one of them:\n  a-rollout\n  b-rollout\n`,
    ]);
  });

  it('a wrong name is an error', async () => {
    const { stderr } = await rollout('status', 'none');
    expect(stderr).toContain('There is no rollout "none" in the namespace ml');
    expect((await rollout('status', 'No/Name')).stderr).toContain('"No/Name" cannot be the name of a rollout');
  });
});

describe('status', () => {
  it('is JSON on request', async () => {
    await create(rolloutMap(rolloutStatus()));
    expect(JSON.parse((await rollout('status', '--json')).stdout)).toEqual(rolloutStatus());
  });

  it('says when the controller has not written, or something that is no status', async () => {
    await create(rolloutMap());
    expect((await rollout('status')).stdout).toBe(
      'iris-rollout\nThe controller has not written yet: it starts, or does not run.\n',
    );
    expect(await rollout('status', '--json')).toMatchObject({ code: 1, stdout: '' });
    await change({ 'status.json': '[]' });
    expect((await rollout('status')).stderr).toContain(
      'status.json of the rollout "iris-rollout" is not a status ("[]")',
    );
  });

  it('says how long nothing has been heard of the controller', async () => {
    await create(rolloutMap(rolloutStatus()));
    const renewTime = new Date(Date.now() - 2 * 3_600_000).toISOString();
    const lease = await api.create(LEASES, { metadata: { name: 'iris-rollout' }, spec: { renewTime } });
    expect((await rollout('status')).stdout).toContain('The controller has not been heard of for 2 h');
    await api.replace(LEASES, { ...lease, spec: { renewTime: new Date().toISOString() } });
    expect((await rollout('status')).stdout).not.toContain('heard of');
  });

  it('--watch writes a line at each change, and none for further requests', async () => {
    await create(rolloutMap(rolloutStatus()));
    const watched = rollout('status', '--watch', '--wait');
    await eventually('it watches', () => watches() > 0);
    const { step } = rolloutStatus();
    await change(
      dataOf(rolloutStatus({ step: { ...step!, observedMillis: 250_000 }, updated: '2026-11-30T12:00:10.000Z' })),
    );
    await change(
      dataOf(rolloutStatus({ phase: 'Paused', reason: 'a person is asked', updated: '2026-11-30T12:01:00.000Z' })),
    );
    const end = { phase: 'RolledBack', reason: 'error-rate failed', candidateWeight: 0 };
    await change(dataOf(rolloutStatus({ ...end, updated: '2026-11-30T12:02:00.000Z' })));
    const { code, stdout } = await watched;
    expect(code).toBe(1);
    const outcomes = 'error-rate: pass  latency-100ms: undecided';
    expect(stdout.split('\n')).toEqual([
      `2026-11-30T12:00:00.000Z  Progressing  step 2/3 (weight 10 %)  candidate 10 %  proxies 2/2  ${outcomes}  step 2 of 3 is under way`,
      `2026-11-30T12:01:00.000Z  Paused  step 2/3 (weight 10 %)  candidate 10 %  proxies 2/2  ${outcomes}  a person is asked`,
      `2026-11-30T12:02:00.000Z  RolledBack  step 2/3 (weight 10 %)  candidate 0 %  proxies 2/2  ${outcomes}  error-rate failed`,
      '',
    ]);
  });

  it('--wait ends with 0 when the candidate is promoted, and does not take an older rollout for it', async () => {
    const former = rolloutStatus({ phase: 'Promoted', candidate: { version: 'v1', requests: 1, failures: 0 } });
    await create(rolloutMap(former));
    const waiting = rollout('status', '--wait', '--json');
    await eventually('it watches', () => watches() > 0);
    // That the same was written again is no change.
    await change(dataOf({ ...former, updated: '2026-11-30T12:00:10.000Z' }));
    await change(dataOf(rolloutStatus({ phase: 'Promoted' })));
    const { code, stdout } = await waiting;
    expect(code).toBe(0);
    const phases = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    expect(phases.map(({ candidate, phase }) => [candidate.version, phase])).toEqual([
      ['v1', 'Promoted'],
      ['v2', 'Promoted'],
    ]);
  });

  it('--wait ends with 1 when the person may not see the rollout any more', async () => {
    await create(rolloutMap(rolloutStatus()));
    const waiting = rollout('status', '--wait');
    await eventually('it watches', () => watches() > 0);
    faulty.failNext(99, 403, (line) => line.includes('fieldSelector'));
    await loseWatch();
    expect(await waiting).toMatchObject({ code: 1, stderr: expect.stringContaining('403 injected') });
  });

  it('--wait ends with 1 when the time is over, or the rollout goes', async () => {
    await create(rolloutMap(rolloutStatus()));
    expect(await rollout('status', '--wait', '--timeout', '0.2')).toMatchObject({
      code: 1,
      stderr: 'model-serving: iris-rollout has not ended within 0 s.\n',
    });
    const waiting = rollout('status', '--wait');
    await eventually('it watches', () => watches() > 1);
    await fetch(`${faulty.url}/api/v1/namespaces/ml/configmaps/iris-rollout`, { method: 'DELETE' });
    expect((await waiting).stderr).toContain('There is no rollout "iris-rollout"');
  });
});

describe('history', () => {
  const log = [
    decision({ kind: 'started', message: 'begins', step: -1, revision: 1 }),
    decision({
      kind: 'aborting',
      message: 'error-rate failed',
      phase: 'Aborting',
      by: 'alice@host',
      why: 'too many errors',
      evidence: {
        'error-rate': { test: 'level', outcome: 'fail', reason: '9 % of 500 requests', alpha: 0.01, p: 0.000123456 },
      },
      reports: [
        { test: 'class agreement', n: 500, kappa: 0.912345, labels: ['a', 'b'] },
        { test: 'paired t', noData: 'there are no numbers' },
      ],
    }),
  ];

  it('shows decisions with who, why and numbers', async () => {
    await create(rolloutMap(rolloutStatus(), log));
    expect((await rollout('history')).stdout).toBe(
      [
        '2026-11-30T12:00:00.000Z  started: begins [Progressing, revision 1]',
        '2026-11-30T12:00:00.000Z  aborting: error-rate failed (alice@host: too many errors) [Aborting, step 2, revision 4]',
        '    error-rate: fail: 9 % of 500 requests (p 0.000123, alpha 0.01)',
        '    class agreement: n 500, kappa 0.9123',
        '    paired t: there are no numbers',
        '',
      ].join('\n'),
    );
  });

  it('gives the log as it is with --json, and outlives lines that are none', async () => {
    await create(rolloutMap(rolloutStatus(), log));
    const lines = log.map((each) => `${JSON.stringify(each)}\n`).join('');
    expect((await rollout('history', '--json')).stdout).toBe(lines);
    await change({ 'decisions.jsonl': `{\n7\n{"time":"t"}\n${lines}` });
    const { code, stdout } = await rollout('history');
    expect([code, stdout.split('\n')[0]]).toEqual([0, 't  : a decision of another version []']);
    await change({ 'decisions.jsonl': '' });
    expect((await rollout('history')).stdout).toBe('iris-rollout: nothing has been decided yet\n');
  });
});

import { CONFIG_MAPS, KubernetesApi, LEASES } from '../../../runtime/src/kubernetes-api';
import { type RunningRollout, startRollout } from '../../../runtime/src/rollout';
import { createLogger } from '../../../runtime/src/telemetry';
import { type FaultyApi, startFaultyApi } from '../../support/api-faults';
import { runHere } from '../../support/command-here';
import { eventually } from '../../support/eventually';
import { rolloutMap } from '../../support/rollouts';
import { rolloutConfig } from '../support';

let faulty: FaultyApi;
let running: RunningRollout;
beforeAll(async () => {
  faulty = await startFaultyApi();
  const api = KubernetesApi.at(faulty.url);
  await api.create(CONFIG_MAPS, rolloutMap(undefined, [], 'iris'));
  await api.create(LEASES, { metadata: { name: 'iris' } });
  running = await startRollout(rolloutConfig({ statusPage: true }), {
    logger: createLogger({ level: 'silent' }),
    api,
    findPods: async () => [],
    ports: { http: 0, metrics: 0 },
  });
  await eventually('it has written', () => faulty.server.get('ConfigMap', 'iris')?.data);
});
afterAll(async () => {
  await running.close();
  await faulty.close();
});

const rollout = (...args: string[]) => runHere('rollout', ...args, '--server', faulty.url);

describe('the controller', () => {
  it('writes a status that people can read, on the command line and on its page', async () => {
    const { code, stdout } = await rollout('status');
    expect([code, stdout.split('\n')[0]]).toEqual([0, expect.stringMatching(/^iris {3}iris v1 → v2 {3}Pending for /)]);
    expect(stdout).toContain('0 of 0 proxies serve this');
    const answer = await fetch(`http://127.0.0.1:${running.ports.http}/status.json`);
    const { stdout: json } = await rollout('status', '--json');
    expect(await answer.json()).toEqual({ ...JSON.parse(json), updated: expect.any(String) });
  });

  it('answers what it does not do, and what it does', async () => {
    const refused = await rollout('pause', '--why', 'lunch');
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(
      /^iris: pause is not done: the rollout is Pending, and no step is under way \(.+@.+: lunch\)\n/,
    );
    const aborted = await rollout('abort', '--why', 'wrong labels');
    expect([aborted.code, aborted.stderr]).toEqual([0, '']);
    expect(aborted.stdout).toMatch(/^iris: aborted by .+@.+: wrong labels\n$/);
    const { stdout } = await rollout('history');
    expect(stdout).toMatch(
      /refused: pause is not done.*\n.*aborting: aborted by .+@.+: wrong labels \[Aborting, revision \d+\]/,
    );
  });
});

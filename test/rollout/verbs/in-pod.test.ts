import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVIRONMENT, PATHS } from '../../../runtime/src/contract';
import { CONFIG_MAPS, KubernetesApi } from '../../../runtime/src/kubernetes-api';
import { type FaultyApi, startFaultyApi } from '../../support/api-faults';
import { runHere } from '../../support/command-here';
import { fakeKubectl } from '../../support/fake-kubectl';
import { rolloutMap, rolloutStatus } from '../../support/rollouts';
import { temporaryDirectory } from '../../support/temporary';
import { rolloutConfig } from '../support';

const root = temporaryDirectory();
const path = process.env.PATH;
let faulty: FaultyApi;
beforeAll(async () => {
  faulty = await startFaultyApi('ml');
  const sandbox = { root, host: '127.0.0.1', ports: {}, namespace: 'ml', api: faulty.url };
  process.env[ENVIRONMENT.sandbox] = JSON.stringify(sandbox);
  const api = KubernetesApi.at(faulty.url, { namespace: 'ml' });
  for (const name of ['iris', 'iris-rollout']) {
    await api.create(CONFIG_MAPS, rolloutMap(rolloutStatus({ name }), [], name));
  }
});
afterAll(async () => {
  delete process.env[ENVIRONMENT.sandbox];
  process.env.PATH = path;
  await faulty.close();
});

describe('in a pod', () => {
  it('asks the API of the pod', async () => {
    expect((await runHere('rollout', 'status', 'iris-rollout')).stdout).toMatch(/^iris-rollout {3}/);
    expect((await runHere('rollout', 'status', 'none')).stderr).toContain(
      'There is no rollout "none" in the namespace ml.',
    );
    expect((await runHere('rollout', 'status')).stderr).toContain('There are 2 rollouts in the namespace ml;');
  });

  it('means the rollout of its own controller, which may not list others', async () => {
    const file = join(root, PATHS.config);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, JSON.stringify(rolloutConfig()));
    faulty.requests.length = 0;
    expect((await runHere('rollout', 'status', '--namespace', 'ml')).stdout).toMatch(/^iris {3}/);
    expect(faulty.requests.filter((line) => line.includes('labelSelector'))).toEqual([]);
  });

  it('asks kubectl for another namespace', async () => {
    const kubectl = fakeKubectl(join(root, 'bin'));
    kubectl.answers('get configmap', JSON.stringify(rolloutMap(rolloutStatus({ name: 'other' }), [], 'other')));
    kubectl.fails('get lease', 'none');
    process.env.PATH = kubectl.path;
    expect((await runHere('rollout', 'status', 'other', '--namespace', 'blue')).stdout).toMatch(/^other {3}/);
  });
});

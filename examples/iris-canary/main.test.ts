import { rmSync } from 'node:fs';
import type { RolloutStatus } from '../../runtime/src/contract';
import { CONFIG_MAPS, type ConfigMapObject, KubernetesApi } from '../../runtime/src/kubernetes-api';
import { ENVOY } from '../../test/support/envoy';
import { forSnapshot, type Manifest, manifestsOf, synthesize } from '../../test/support/example';
import { runManifests } from '../../test/support/local-run';
import { predict } from '../../test/support/prediction';
import { describeWith } from '../../test/support/requires';
import python from '../iris/predictions.json';

/** Synthesizes the example with a candidate; returns the folder with the manifests. */
function synthesizeWith(candidate: string | undefined): string {
  const { CANDIDATE: before } = process.env;
  setCandidate(candidate);
  try {
    return synthesize('iris-canary');
  } finally {
    setCandidate(before);
  }
}

function manifestsWith(candidate: string | undefined): Manifest[] {
  const folder = synthesizeWith(candidate);
  try {
    return manifestsOf(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function setCandidate(candidate: string | undefined): void {
  if (candidate === undefined) {
    delete process.env.CANDIDATE;
  } else {
    process.env.CANDIDATE = candidate;
  }
}

const named = (manifests: Manifest[], name: RegExp) => manifests.filter(({ metadata }) => name.test(metadata.name));

test('synthesizes the same manifests as before', () => {
  expect(forSnapshot(manifestsWith(undefined))).toMatchSnapshot();
});

test('another candidate is the same rollout, and leaves the stable version as it is', () => {
  const [good, broken] = [manifestsWith('v2'), manifestsWith('v3')];
  const stable = named(good, /^iris-classifier-v1-/);
  expect(stable.length).toBeGreaterThan(5);
  expect(named(broken, /^iris-classifier-v1-/)).toEqual(stable);

  const leases = (manifests: Manifest[]) =>
    manifests.filter(({ kind }) => kind === 'Lease').map(({ metadata }) => metadata.name);
  expect(leases(broken)).toEqual(leases(good));
  expect(named(broken, /^iris-classifier-v2-/)).toEqual([]);
});

describeWith('the broken candidate, run on this machine', ENVOY, () => {
  const MAX_MILLIS = 90_000;
  const AT_ONCE = 10;

  test('is turned back by the comparison, before a client gets one of its answers', async () => {
    const folder = synthesizeWith('v3');
    const running = await runManifests(folder);
    const answered: number[] = [];
    let status: RolloutStatus;
    try {
      const [local] = running.files('status.json').map((text) => JSON.parse(text));
      const [{ url, namespace, rollouts }] = local.apis;
      const api = KubernetesApi.at(url, { namespace });
      const statusOf = async (): Promise<RolloutStatus> =>
        JSON.parse((await api.get<ConfigMapObject>(CONFIG_MAPS, rollouts[0])).data?.['status.json'] ?? '{}');

      const gateway = `${running.url('gateway')}/v1/models/iris-classifier:predict`;
      const sendAll = async () => {
        for (let first = 0; first < python.instances.length; first += AT_ONCE) {
          const flowers = python.instances.slice(first, first + AT_ONCE);
          const labels = flowers.map(async (flower) => {
            const { predictions } = await predict<{ predictions: { label: number }[] }>(gateway, {
              instances: [flower],
            });
            return predictions[0]?.label ?? Number.NaN;
          });
          answered.push(...(await Promise.all(labels)));
        }
      };
      const end = performance.now() + MAX_MILLIS;
      status = await statusOf();
      while (status.phase !== 'RolledBack' && performance.now() < end) {
        await sendAll();
        status = await statusOf();
      }
    } finally {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    }

    expect(status).toMatchObject({ phase: 'RolledBack', candidateWeight: 0, step: { index: 0 } });
    expect(status.reason).toMatch(/^guardrail failed: disagreement: /);
    const { label } = python.predictions.v1;
    expect(answered.length).toBeGreaterThan(0);
    expect(answered).toEqual(answered.map((_, index) => label[index % label.length]));
  }, 150_000);
});

import type { RolloutCommand, RolloutStatus } from '../../runtime/src/contract';
import { CONFIG_MAPS, type ConfigMapObject, type KubernetesApi } from '../../runtime/src/kubernetes-api';
import type { Decision } from '../../runtime/src/rollout/state';

const TIME = '2026-11-30T12:00:00.000Z';

/** The status of a rollout in its second step of three. */
export function rolloutStatus(changes: Partial<RolloutStatus> = {}): RolloutStatus {
  return {
    name: 'iris-rollout',
    model: 'iris',
    phase: 'Progressing',
    reason: 'step 2 of 3 is under way',
    since: TIME,
    updated: TIME,
    step: {
      index: 1,
      observedMillis: 240_000,
      minMillis: 600_000,
      samples: { stable: 7312, candidate: 812 },
      minSamples: 1000,
      waiting: '6 min and 188 requests more',
    },
    steps: ['shadow 100 %', 'weight 10 %', 'weight 50 %'],
    candidateWeight: 1000,
    mirror: 0,
    proxies: { serving: 2, all: 2 },
    stable: { version: 'v1', requests: 12_000, failures: 12 },
    candidate: { version: 'v2', requests: 812, failures: 3 },
    guardrails: [
      { name: 'error-rate', outcome: 'pass', reason: '0.1 % of 812 requests: more than 1 % is excluded' },
      { name: 'latency-100ms', outcome: 'undecided', reason: '2 % of 812 requests: at least 1000 are needed' },
    ],
    ...changes,
  };
}

/** A decision of that rollout. */
export function decision(changes: Partial<Decision> = {}): Decision {
  const message = 'step 2 of 3 (weight 10 %) begins';
  return { time: TIME, kind: 'step', message, phase: 'Progressing', step: 1, revision: 4, ...changes };
}

/** What a manifest has of a rollout, and what the controller has filled in. */
export function rolloutMap(
  status?: RolloutStatus,
  decisions: readonly Decision[] = [],
  name = 'iris-rollout',
): ConfigMapObject {
  const labels = { 'app.kubernetes.io/component': 'rollout', 'app.kubernetes.io/version': 'v2' };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels },
    ...(status === undefined ? {} : { data: dataOf(status, decisions) }),
  };
}

/** The keys that people read. */
export function dataOf(status: RolloutStatus, decisions: readonly Decision[] = []): Record<string, string> {
  const lines = decisions.map((each) => `${JSON.stringify(each)}\n`).join('');
  return { heartbeat: '7', 'status.json': JSON.stringify(status), 'decisions.jsonl': lines };
}

/** Answers requests of people as a controller does, until the signal ends it. Tells every request that it got. */
export async function answerCommands(
  api: KubernetesApi,
  name: string,
  signal: AbortSignal,
  answer: (verb: string, command: RolloutCommand) => Partial<Decision>,
): Promise<void> {
  await api.watch<ConfigMapObject>(CONFIG_MAPS, name, {
    signal,
    onState: () => undefined,
    onObject: (object) => {
      for (const [key, value] of Object.entries(object?.metadata.annotations ?? {})) {
        const command = JSON.parse(value) as RolloutCommand;
        const { by, why, id } = command;
        const line = JSON.stringify(decision({ ...answer(key, command), by, why, command: id }));
        const log = object?.data?.['decisions.jsonl'] ?? '';
        const patch = { metadata: { annotations: { [key]: null } }, data: { 'decisions.jsonl': `${log}${line}\n` } };
        void api.merge(CONFIG_MAPS, name, patch);
      }
    },
  });
}

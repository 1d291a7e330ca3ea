import { ROLLOUT_KEYS, type RolloutConfig, type RolloutStatus } from '../contract';
import { type ProxyView, progressOf, splitOf, stepName } from './machine';
import type { ArmSums, RolloutState } from './state';

/** What the candidate gets in a step, where that is not its share. */
const CANDIDATES: Readonly<Record<string, 'shadow' | 'pin'>> = { shadow: 'shadow', header: 'pin' };

/** What people see of a rollout. */
export function statusOf(
  config: RolloutConfig,
  state: RolloutState,
  { serving, all = 0 }: Pick<ProxyView, 'serving' | 'all'>,
  updated: string,
): RolloutStatus {
  const { candidateWeight, mirror } = splitOf(config, state);
  const step = state.step < 0 ? undefined : config.steps[state.step];
  const counts = state.counts[state.step];
  return {
    name: config.name,
    model: config.model,
    phase: state.phase,
    reason: state.reason,
    since: state.since,
    updated,
    ...(step === undefined
      ? {}
      : {
          step: {
            index: state.step,
            observedMillis: Math.round(state.clock.observed),
            ...(step.minMillis === undefined ? {} : { minMillis: step.minMillis }),
            samples: {
              stable: counts?.stable.answered ?? 0,
              candidate: counts?.[CANDIDATES[step.type] ?? 'candidate'].answered ?? 0,
            },
            ...(step.minSamples === undefined ? {} : { minSamples: step.minSamples }),
            ...waitingOf(config, state),
          },
        }),
    steps: config.steps.map((_, index) => stepName(config, index)),
    candidateWeight,
    mirror,
    proxies: { serving, all },
    stable: armOf(config.stable.version, [...state.counts.map((one) => one.stable)]),
    candidate: armOf(config.candidate.version, [...state.counts.flatMap((one) => [one.candidate, one.shadow])]),
    guardrails: config.guardrails.map(({ name }) => {
      const evidence = state.evidence[name];
      return { name, outcome: evidence?.outcome ?? 'no-data', reason: evidence?.reason ?? 'not measured yet' };
    }),
  };
}

/** Why a step does not go on yet. */
function waitingOf(config: RolloutConfig, state: RolloutState): { readonly waiting?: string } {
  const { phase, reason, clock, tests, evidence } = state;
  if (phase === 'Paused') {
    return { waiting: reason };
  }
  if (phase !== 'Progressing') {
    return {};
  }
  if (clock.blind > 0) {
    return { waiting: `counts are missing for ${Math.round(clock.blind / 1000)} s` };
  }
  // What is judged by the step alone is not kept: where nothing else is waited for, the reason is of that.
  const { waiting } = progressOf(config, state, { tests, evidence, proofs: {}, failed: [] });
  return { waiting: waiting ?? reason };
}

function armOf(version: string, counts: readonly ArmSums[]) {
  return {
    version,
    requests: counts.reduce((sum, { answered }) => sum + answered, 0),
    failures: counts.reduce((sum, { errors }) => sum + errors, 0),
  };
}

/** Data of the ConfigMap that is of this state. */
export function dataOf(config: RolloutConfig, state: RolloutState, proxies: ProxyView, now: string) {
  return {
    [ROLLOUT_KEYS.split]: JSON.stringify(splitOf(config, state)),
    [ROLLOUT_KEYS.state]: JSON.stringify(state),
    [ROLLOUT_KEYS.status]: JSON.stringify(statusOf(config, state, proxies, now)),
  };
}

import type { RolloutConfig } from '../../runtime/src/contract';
import { addInterval, emptyStep, NEW_CLOCK, type RolloutState } from '../../runtime/src/rollout/state';
import { statusOf } from '../../runtime/src/rollout/status';
import { arm, interval, rolloutConfig } from './support';

const NOW = '2026-11-30T12:00:00.000Z';
const SINCE = '2026-11-30T11:00:00.000Z';
const PROXIES = { serving: 1, all: 2 };

const config = (changes: Partial<RolloutConfig> = {}) =>
  rolloutConfig({
    steps: [
      { type: 'shadow', share: 2500, minSamples: 50 },
      { type: 'weight', share: 1000, minMillis: 30_000, minSamples: 100 },
    ],
    ...changes,
  });

/** A state in the second step, with counts in both. */
function state(changes: Partial<RolloutState> = {}): RolloutState {
  const shadow = addInterval(emptyStep(), interval({ stable: arm(200, 1), shadow: arm(60, 2) }));
  const weight = addInterval(emptyStep(), interval({ stable: arm(900, 3), candidate: arm(90, 4) }));
  return {
    schema: 'model-serving-rollout-state/v1',
    stable: 'v1',
    candidate: 'v2',
    configDigest: '',
    phase: 'Progressing',
    reason: 'as it was said',
    since: SINCE,
    step: 1,
    revision: 3,
    attempt: 1,
    clock: { ...NEW_CLOCK, observed: 40_000.4 },
    counts: [shadow, weight],
    tests: {},
    evidence: { errors: { test: 'level', outcome: 'pass', reason: '4 % of 150', alpha: 0.01 } },
    handled: [],
    ...changes,
  };
}

const status = (changes: Partial<RolloutState> = {}, of = config()) => statusOf(of, state(changes), PROXIES, NOW);

it('is what the controller knows, for people', () => {
  expect(status()).toEqual({
    name: 'iris',
    model: 'iris',
    phase: 'Progressing',
    reason: 'as it was said',
    since: SINCE,
    updated: NOW,
    step: {
      index: 1,
      observedMillis: 40_000,
      minMillis: 30_000,
      samples: { stable: 900, candidate: 90 },
      minSamples: 100,
      waiting: '90 of 100 requests of the candidate',
    },
    steps: ['shadow 25 %', 'weight 10 %'],
    candidateWeight: 1000,
    mirror: 0,
    proxies: { serving: 1, all: 2 },
    stable: { version: 'v1', requests: 1100, failures: 4 },
    // Mirrored requests are requests to the candidate, too.
    candidate: { version: 'v2', requests: 150, failures: 6 },
    guardrails: [{ name: 'errors', outcome: 'pass', reason: '4 % of 150' }],
  });
});

it('counts mirrored requests as the samples of a shadow', () => {
  const { step, mirror, candidateWeight } = status({ step: 0 });
  expect(step).toEqual({
    index: 0,
    observedMillis: 40_000,
    samples: { stable: 200, candidate: 60 },
    minSamples: 50,
    waiting: 'as it was said',
  });
  expect([mirror, candidateWeight]).toEqual([2500, 0]);
});

it.each<[string, Partial<RolloutState>, string | undefined]>([
  ['time', { clock: { ...NEW_CLOCK, observed: 10_000 } }, '10 s of 30 s have been observed'],
  ['counts', { clock: { ...NEW_CLOCK, observed: 40_000, blind: 20_000 } }, 'counts are missing for 20 s'],
  ['a person', { phase: 'Paused', reason: 'paused by alice' }, 'paused by alice'],
  ['nothing any more', { phase: 'RolledBack' }, undefined],
])('waits for %s', (_, changes, waiting) => {
  expect(status(changes).step?.waiting).toBe(waiting);
});

it('has no step and no verdict before the first step', () => {
  const { step, guardrails, stable } = status({ phase: 'Warming', step: -1, counts: [], evidence: {} });
  expect(step).toBeUndefined();
  expect(guardrails).toEqual([{ name: 'errors', outcome: 'no-data', reason: expect.any(String) }]);
  expect(stable).toEqual({ version: 'v1', requests: 0, failures: 0 });
});

it.each([
  ['Promoting', 10_000],
  ['Promoted', 10_000],
  ['Aborting', 0],
  ['RolledBack', 0],
] as const)('means the shares of %s', (phase, candidateWeight) => {
  expect(status({ phase })).toMatchObject({ candidateWeight, mirror: 0 });
});

import fc from 'fast-check';
import {
  type Judgement,
  judgeIncrease,
  judgeLevel,
  judgeMean,
  judgeShadow,
  type SequentialState,
  type Stratum,
} from '../../../runtime/src/rollout/statistics';
import { stored, stratum } from './counting';

type Judge = (strata: Stratum[], previous?: SequentialState) => Judgement;

const usual = { alpha: 0.05, minSamples: 10 };
const sums = ({ n, events }: Stratum['stable']) => ({ n, sum: events, sumSquares: events });
const judges: [string, Judge][] = [
  ['judgeLevel', (strata, previous) => judgeLevel({ ...usual, strata, max: 0.1, previous })],
  ['judgeIncrease', (strata, previous) => judgeIncrease({ ...usual, strata, margin: 0.05, previous })],
  [
    'judgeShadow',
    ([{ candidate }], previous) => {
      const answers = { agreements: candidate.n - candidate.events, disagreements: candidate.events };
      return judgeShadow({ ...usual, ...answers, maxDisagreement: 0.1, previous });
    },
  ],
  [
    'judgeMean',
    (strata, previous) => {
      const means = strata.map(({ name, stable, candidate }) => ({
        name,
        stable: sums(stable),
        candidate: sums(candidate),
      }));
      return judgeMean({ ...usual, strata: means, margin: 0, direction: 'higher-is-worse', previous });
    },
  ],
];

const counts = fc
  .tuple(fc.integer({ min: 10, max: 1_000_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([n, share]) => ({ n, events: Math.floor(n * share) }));
const good = fc.record({ name: fc.constant('step 1'), stable: counts, candidate: counts });
const wrong = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, -0.001, 1e300);

describe.each(judges)('%s', (_, judge) => {
  it('has no data, and forgets nothing, when a count cannot be one', () => {
    fc.assert(
      fc.property(good, wrong, fc.constantFrom('n', 'events'), (before, value, key) => {
        const { state } = judge([before]);
        const garbage = { ...before, candidate: { ...before.candidate, [key]: value } };
        const { evidence, state: after } = judge([garbage], stored(state));
        expect(evidence).toEqual({
          test: evidence.test,
          outcome: 'no-data',
          reason: expect.stringMatching(/./),
          alpha: 0.05,
        });
        expect(after).toEqual(state);
      }),
    );
  });

  it('has no data when a count becomes less', () => {
    fc.assert(
      fc.property(good, fc.constantFrom('n', 'events'), (before, key) => {
        fc.pre(before.candidate.events > 0 && before.candidate.events < before.candidate.n);
        const { state } = judge([before]);
        const less = { ...before, candidate: { ...before.candidate, [key]: before.candidate[key as 'n'] - 1 } };
        const { evidence } = judge([less], stored(state));
        // Sums may: a value can be below 0.
        const expected = evidence.test === 'mean' && key === 'n' ? 'no-data' : evidence.outcome;
        expect(evidence.outcome).toBe(evidence.test === 'mean' ? expected : 'no-data');
      }),
    );
  });

  it('has no data without requests', () => {
    for (const nothing of [stratum(0, 0, 0, 0), stratum(100, 1, 0, 0)]) {
      expect(judge([nothing]).evidence.outcome).toBe('no-data');
    }
  });

  it('has evidence and a state that storage does not change, with a reason, and no exception', () => {
    fc.assert(
      fc.property(good, good, (one, other) => {
        const two = { ...other, name: 'step 2' };
        const first = judge([one]);
        const second = judge([one, two], stored(first.state));
        for (const { evidence, state } of [first, second]) {
          expect(stored(evidence)).toEqual(evidence);
          expect(stored(state)).toEqual(state);
          expect(JSON.stringify([evidence, state])).not.toContain('null');
          expect(evidence.reason).not.toMatch(/NaN|Infinity|undefined/);
          expect(['pass', 'fail', 'undecided']).toContain(evidence.outcome);
        }
      }),
    );
  });

  it('starts anew with a state that is broken', () => {
    const strata = [stratum(90_000, 900, 10_000, 2000)];
    const fresh = judge(strata);
    const { test } = fresh.state;
    for (const broken of [
      {},
      { test },
      { test, logRatio: null },
      { test, logRatio: 5, bets: [], seen: 7 },
      'x',
      { ...fresh.state, logRatio: 9, seen: [null] },
    ]) {
      expect(judge(strata, broken as SequentialState)).toEqual(fresh);
    }
  });
});

describe('strata', () => {
  const [, judge] = judges[1];

  it('have names of their own', () => {
    const twice = [stratum(100, 1, 100, 1), stratum(100, 1, 100, 1)];
    expect(judge(twice).evidence).toMatchObject({ outcome: 'no-data', reason: 'two strata have the name step 1' });
  });

  it('have no more events than requests, also since the last look', () => {
    expect(judge([stratum(100, 1, 10, 20)]).evidence.reason).toBe(
      'there are more events (20) than requests (10) (stratum step 1)',
    );
    const { state } = judge([stratum(100, 1, 100, 1)]);
    expect(judge([stratum(110, 1, 110, 30)], state).evidence.reason).toBe(
      'more events than requests came: 30 of 110 after 1 of 100 (stratum step 1)',
    );
  });

  it('of which there are none are no data', () => {
    expect(judge([]).evidence.outcome).toBe('no-data');
  });

  it('are not forgotten when they are no longer given', () => {
    const first = judge([stratum(1000, 10, 1000, 10, '__proto__')]);
    const second = judge([stratum(1000, 10, 1000, 10, 'step 2')], stored(first.state));
    const less = judge([stratum(1000, 10, 999, 10, '__proto__')], stored(second.state));
    expect(less.evidence).toMatchObject({
      outcome: 'no-data',
      reason: 'a count has become less: 10 of 999 after 10 of 1000 (stratum __proto__)',
    });
  });
});

describe('parameters that cannot be', () => {
  const strata = [stratum(1000, 10, 1000, 10)];
  const means = [{ name: 'step 1', stable: sums(strata[0].stable), candidate: sums(strata[0].candidate) }];
  const mean = { ...usual, strata: means, margin: 0, direction: 'higher-is-worse' } as const;

  it.each<[string, Judgement]>([
    ['alpha is 0, and must', judgeLevel({ ...usual, strata, max: 0.1, alpha: 0 })],
    ['alpha is NaN, and must', judgeIncrease({ ...usual, strata, margin: 0, alpha: Number.NaN })],
    ['minSamples is NaN, and must', judgeLevel({ ...usual, strata, max: 0.1, minSamples: Number.NaN })],
    ['max is 1, and must', judgeLevel({ ...usual, strata, max: 1 })],
    ['max is NaN, and must', judgeLevel({ ...usual, strata, max: Number.NaN })],
    ['margin is -1, and must', judgeIncrease({ ...usual, strata, margin: -1 })],
    ['margin is NaN, and must', judgeIncrease({ ...usual, strata, margin: Number.NaN })],
    ['effect is 0, and must', judgeIncrease({ ...usual, strata, margin: 0, effect: 0 })],
    ['margin is Infinity, and must', judgeMean({ ...mean, margin: Number.POSITIVE_INFINITY })],
    ['effect is NaN, and must', judgeMean({ ...mean, effect: Number.NaN })],
    ['direction is up, and must', judgeMean({ ...mean, direction: 'up' as 'higher-is-worse' })],
  ])('%s', (start, { evidence }) => {
    expect(evidence.outcome).toBe('no-data');
    expect(evidence.reason.startsWith(start)).toBe(true);
    expect(stored(evidence)).toEqual(evidence);
  });
});

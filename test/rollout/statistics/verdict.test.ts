import { combineVerdicts, type Evidence, holm, type Outcome } from '../../../runtime/src/rollout/statistics';

const evidence = (outcome: Outcome): Evidence => ({ test: outcome, outcome, reason: `why ${outcome}`, alpha: 0.05 });
const combine = (...outcomes: Outcome[]) => combineVerdicts(outcomes.map(evidence));

describe('combineVerdicts', () => {
  it('fails when any guardrail fails, and passes when all pass', () => {
    expect(combine('pass', 'no-data', 'fail', 'undecided')).toEqual({ outcome: 'fail', reason: 'fail: why fail' });
    expect(combine('pass', 'undecided', 'no-data').outcome).toBe('no-data');
    expect(combine('pass', 'undecided', 'pass').outcome).toBe('undecided');
    expect(combine('pass', 'pass')).toEqual({ outcome: 'pass', reason: 'pass: why pass; pass: why pass' });
  });

  it('is no pass without evidence', () => {
    expect(combine().outcome).toBe('no-data');
  });
});

describe('holm', () => {
  it('holds each p-value against alpha over the number of those that are left', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005], 0.05)).toEqual([true, false, false, true]);
    expect(holm([0.01, 0.02, 0.02], 0.05)).toEqual([true, true, true]);
    expect(holm([0.02, 0.02, 0.02], 0.05)).toEqual([false, false, false]);
    expect(holm([0.04], 0.05)).toEqual([true]);
    expect(holm([], 0.05)).toEqual([]);
  });

  it('lets no NaN hold', () => {
    expect(holm([Number.NaN, 0.001], 0.05)).toEqual([false, true]);
  });
});

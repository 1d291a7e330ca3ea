import { judgeLevel, judgeShadow, type SequentialState } from '../../../runtime/src/rollout/statistics';
import { stored, stratum } from './counting';

const test = { max: 0.01, alpha: 0.05, minSamples: 1000 };
const judge = (n: number, events: number, changes: object = {}) =>
  judgeLevel({ ...test, strata: [stratum(0, 0, n, events)], ...changes }).evidence;

describe('judgeLevel', () => {
  it('fails, passes or waits for more, and says why', () => {
    expect(judge(1000, 40)).toMatchObject({ outcome: 'fail', reason: '4 % of 1000 requests: more than 1 % is shown' });
    expect(judge(1000, 1)).toMatchObject({
      outcome: 'pass',
      reason: '0.1 % of 1000 requests: more than 1 % is excluded',
    });
    expect(judge(1000, 9)).toMatchObject({
      outcome: 'undecided',
      reason: expect.stringMatching(/^0\.9 % of 1000 requests: from 0\.\d+ % to 2\.\d+ % is possible, 1 % is allowed$/),
    });
    expect(judge(900, 0)).toMatchObject({
      outcome: 'undecided',
      reason: '0 % of 900 requests: at least 1000 are needed',
    });
  });

  it('has all numbers in its evidence', () => {
    expect(judge(1000, 40)).toEqual({
      test: 'level',
      outcome: 'fail',
      reason: expect.any(String),
      alpha: 0.05,
      p: expect.any(Number),
      statistic: expect.any(Number),
      threshold: Math.log(20),
      n: 1000,
      events: 40,
      share: 0.04,
      lower: expect.any(Number),
      upper: expect.any(Number),
      max: 0.01,
      minSamples: 1000,
      strata: [stratum(0, 0, 1000, 40)],
    });
  });

  it('fails a candidate that answers nothing at its fifth request, and not before', () => {
    expect(judge(4, 4).outcome).toBe('undecided');
    expect(judge(5, 5)).toMatchObject({ outcome: 'fail', p: expect.closeTo(0, 5) });
  });

  it('passes without any event once the interval is below the largest share', () => {
    expect(judge(350, 0, { minSamples: 100 }).outcome).toBe('undecided');
    expect(judge(500, 0, { minSamples: 100 })).toMatchObject({ outcome: 'pass', lower: 0 });
  });

  it('takes a single event as too many when none is allowed', () => {
    expect(judge(2000, 1, { max: 0 }).outcome).toBe('fail');
    expect(judge(2000, 0, { max: 0 }).outcome).toBe('pass');
    expect(judge(10, 0, { max: 0 }).outcome).toBe('undecided');
  });

  it('keeps a fail, which later counts do not take back', () => {
    const bad = judgeLevel({ ...test, strata: [stratum(0, 0, 100, 20)] });
    const strata = [stratum(0, 0, 100_000, 20)];
    expect(judgeLevel({ ...test, strata, previous: stored(bad.state) }).evidence.outcome).toBe('fail');
    expect(judgeLevel({ ...test, strata }).evidence.outcome).toBe('pass');
  });

  it('starts anew with the state of another largest share', () => {
    const bad = judgeLevel({ ...test, strata: [stratum(0, 0, 1000, 40)] });
    const changed = { ...test, max: 0.05, strata: [stratum(0, 0, 1000, 40)], previous: stored(bad.state) };
    expect(judgeLevel(changed).evidence).toMatchObject({ outcome: 'undecided', p: 1 });
  });

  it('finds a harm that begins after long health nearly as soon as one from the beginning', () => {
    const requestsUntilFail = (healthy: number) => {
      let previous: SequentialState | undefined;
      for (let look = 1; look <= 1000; look += 1) {
        const late = Math.max(0, look - healthy);
        const judgement = judgeLevel({ ...test, strata: [stratum(0, 0, look * 100, late * 5)], previous });
        previous = judgement.state;
        if (judgement.evidence.outcome === 'fail') {
          return late * 100;
        }
      }
      return Number.POSITIVE_INFINITY;
    };
    const fresh = requestsUntilFail(0);
    expect(fresh).toBeLessThanOrEqual(200);
    expect(requestsUntilFail(500)).toBeLessThanOrEqual(500);
  });
});

describe('judgeShadow', () => {
  it('is the test of a level on answers that differ', () => {
    const shadow = { maxDisagreement: 0.01, alpha: 0.05, minSamples: 500 };
    expect(judgeShadow({ ...shadow, agreements: 960, disagreements: 40 }).evidence).toMatchObject({
      test: 'disagreement',
      outcome: 'fail',
      n: 1000,
      events: 40,
    });
    expect(judgeShadow({ ...shadow, agreements: 1000, disagreements: 0 }).evidence.outcome).toBe('pass');
    expect(judgeShadow({ ...shadow, agreements: -1, disagreements: 0 }).evidence.outcome).toBe('no-data');
    expect(judgeShadow({ ...shadow, maxDisagreement: 0, agreements: 9999, disagreements: 1 }).evidence.outcome).toBe(
      'fail',
    );
  });
});

import fc from 'fast-check';
import { seeded } from '../../../bench/simulate/random';
import { cumulated, traffic } from '../../../bench/simulate/traffic';
import {
  judgeIncrease,
  reportProportions,
  type SequentialState,
  type Stratum,
} from '../../../runtime/src/rollout/statistics';
import { stored, stratum } from './counting';

const test = { margin: 0, alpha: 0.05, minSamples: 500 };
const judge = (strata: Stratum[], changes: object = {}) => judgeIncrease({ ...test, strata, ...changes }).evidence;

describe('judgeIncrease', () => {
  it('fails, passes or waits for more, and says why', () => {
    expect(judge([stratum(9000, 180, 1000, 60)])).toMatchObject({
      outcome: 'fail',
      reason: '6 % of 1000 requests, 2 % of 9000 of the stable version: an increase is shown',
    });
    expect(judge([stratum(45_000, 900, 5000, 100)])).toMatchObject({
      outcome: 'pass',
      reason: '2 % of 5000 requests, 2 % of 45000 of the stable version: an increase of 1 point is excluded',
    });
    expect(judge([stratum(9000, 180, 1000, 24)]).outcome).toBe('undecided');
    expect(judge([stratum(9000, 0, 400, 0)])).toMatchObject({
      outcome: 'undecided',
      reason: '0 % of 400 requests, 0 % of 9000 of the stable version: at least 500 of both are needed',
    });
  });

  it('has all numbers in its evidence', () => {
    const strata = [stratum(9000, 180, 1000, 60), stratum(500, 10, 500, 30, 'step 2')];
    expect(judge(strata)).toEqual({
      test: 'increase',
      outcome: 'fail',
      reason: expect.any(String),
      alpha: 0.05,
      p: expect.any(Number),
      statistic: expect.any(Number),
      threshold: Math.log(20),
      safeStatistic: expect.any(Number),
      n: 1500,
      events: 90,
      stableN: 9500,
      stableEvents: 190,
      difference: expect.closeTo(0.04, 12),
      lower: expect.any(Number),
      upper: expect.any(Number),
      margin: 0,
      effect: 0.01,
      minSamples: 500,
      strata,
    });
  });

  it('counts harm beyond the margin only', () => {
    const strata = [stratum(90_000, 900, 10_000, 150)];
    expect(judge(strata, { margin: 0 }).outcome).toBe('fail');
    expect(judge(strata, { margin: 0.01 }).outcome).toBe('pass');
    expect(judge([stratum(90_000, 900, 10_000, 260)], { margin: 0.01 }).outcome).toBe('fail');
  });

  it('passes within the margin without a single event, and fails a candidate that answers nothing', () => {
    expect(judge([stratum(9000, 0, 1000, 0)], { margin: 0.005 })).toMatchObject({ outcome: 'pass', p: 1 });
    expect(judge([stratum(45, 0, 5, 5)]).outcome).toBe('fail');
    expect(judge([stratum(4500, 0, 5, 4)]).outcome).toBe('undecided'); // fewer than five events
  });

  it('can take back a pass, and keeps a fail', () => {
    const good = judgeIncrease({ ...test, strata: [stratum(45_000, 900, 5000, 100)] });
    const worse = [stratum(90_000, 1800, 10_000, 270)];
    const bad = judgeIncrease({ ...test, strata: worse, previous: stored(good.state) });
    expect([good.evidence.outcome, bad.evidence.outcome]).toEqual(['pass', 'fail']);
    const better = [stratum(900_000, 18_000, 100_000, 270)];
    expect(judgeIncrease({ ...test, strata: better, previous: stored(bad.state) }).evidence.outcome).toBe('fail');
  });

  it('goes on after a restart where it was', () => {
    const looks = cumulated(traffic({ rate: 100, share: 0.1, stable: 0.02, candidate: 0.03, minutes: 20 })(seeded(4)));
    let kept: SequentialState | undefined;
    let restarted: SequentialState | undefined;
    for (const counts of looks) {
      const strata = [{ name: 'step 1', ...counts }];
      kept = judgeIncrease({ ...test, strata, previous: kept }).state;
      restarted = stored(judgeIncrease({ ...test, strata, previous: restarted }).state);
    }
    expect(restarted).toEqual(kept);
  });

  it('does not fail a ramp from a quiet to a busy hour, where pooled counts do', () => {
    // 5 % of a quiet hour with 2 % errors, then 50 % of a busy one with 6 %.
    const quiet = stratum(57_000, 1140, 3000, 60, 'step 1');
    const busy = stratum(30_000, 1800, 30_000, 1800, 'step 2');
    const pooled = stratum(87_000, 2940, 33_000, 1860);
    expect(judge([pooled])).toMatchObject({ outcome: 'fail' });
    expect(Number(reportProportions([pooled]).p)).toBeLessThan(1e-9);
    expect(judge([quiet, busy])).toMatchObject({ outcome: 'pass', p: 1, difference: expect.closeTo(0, 12) });
    expect(Number(reportProportions([quiet, busy]).p)).toBeCloseTo(1, 9);
  });

  it('never has a greater p-value with more data', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(30), fc.nat(300), fc.nat(30)), { minLength: 1 }), (blocks) => {
        let previous: SequentialState | undefined;
        let sum = stratum(0, 0, 0, 0);
        let p = 1;
        for (const [stableN, stableEvents, n, events] of blocks) {
          sum = stratum(
            sum.stable.n + stableN + stableEvents,
            sum.stable.events + stableEvents,
            sum.candidate.n + n + events,
            sum.candidate.events + events,
          );
          const { evidence, state } = judgeIncrease({ ...test, strata: [sum], previous });
          previous = state;
          if (evidence.outcome !== 'no-data') {
            expect(evidence.p).toBeLessThanOrEqual(p);
            p = Number(evidence.p);
          }
        }
      }),
    );
  });
});

import chi2gof from '@stdlib/stats-chi2gof';
import fc from 'fast-check';
import { judgeSampleRatio } from '../../../runtime/src/rollout/statistics';
import { binomial, stored } from './counting';

const judge = (observed: number[], expected: number[]) =>
  judgeSampleRatio({ observed, expected, alpha: 0.001 }).evidence;

describe('judgeSampleRatio', () => {
  it('fails on a ratio that is not the expected one, and passes on one that is', () => {
    expect(judge([600, 400], [1, 1])).toMatchObject({
      outcome: 'fail',
      reason: '600 : 400, expected 500 : 500: another ratio is shown',
      chiSquare: 40,
      chiSquareP: expect.closeTo(2.54e-10, 12),
    });
    expect(judge([9010, 990], [90, 10]).outcome).toBe('pass');
    expect(judge([3, 1], [1, 1])).toMatchObject({ outcome: 'undecided' });
    expect(judge([300, 310, 290], [1, 1, 1]).outcome).toBe('pass');
    expect(judge([300, 410, 190], [1, 1, 1]).outcome).toBe('fail');
  });

  it('has the chi-square test of @stdlib', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 20 })), {
          minLength: 2,
          maxLength: 6,
        }),
        (arms) => {
          const observed = arms.map(([count]) => count);
          const weights = arms.map(([, weight]) => weight);
          const sum = weights.reduce((total, weight) => total + weight, 0);
          const theirs = chi2gof(
            observed,
            weights.map((weight) => weight / sum),
          );
          const ours = judge(observed, weights);
          expect(ours.chiSquare).toBeCloseTo(theirs.statistic, 6);
          expect(ours.chiSquareP).toBeCloseTo(theirs.pValue, 9);
        },
      ),
    );
  });

  it('has a Bayes factor that is 1 on average when the ratio is the expected one', () => {
    for (const share of [0.1, 0.5]) {
      let sum = 0;
      for (let k = 0; k <= 40; k += 1) {
        const { state } = judgeSampleRatio({ observed: [40 - k, k], expected: [1 - share, share], alpha: 0.05 });
        // The state keeps the largest one; before the first look that is 1.
        sum += binomial(k, 40, share) * (Math.exp(state.logRatio) - 1);
      }
      expect(sum).toBeGreaterThan(0);
      expect(sum).toBeLessThan(1);
    }
  });

  it('keeps a fail, and starts anew with another ratio', () => {
    const bad = judgeSampleRatio({ observed: [600, 400], expected: [1, 1], alpha: 0.001 });
    const more = { observed: [10_400, 10_400], alpha: 0.001, previous: stored(bad.state) };
    expect(judgeSampleRatio({ ...more, expected: [2, 2] }).evidence.outcome).toBe('fail');
    expect(judgeSampleRatio({ ...more, expected: [1, 1.01] }).evidence.outcome).toBe('pass');
  });

  it.each([
    { name: 'no units', observed: [0, 0], expected: [1, 1] },
    { name: 'a share of nothing', observed: [5, 5], expected: [1, 0] },
    { name: 'weights of other arms', observed: [5, 5], expected: [1, 1, 1] },
    { name: 'one arm', observed: [5], expected: [1] },
    { name: 'no arm', observed: [], expected: [] },
    { name: 'NaN', observed: [5, Number.NaN], expected: [1, 1] },
    { name: 'a weight of NaN', observed: [5, 5], expected: [1, Number.NaN] },
    { name: 'an endless weight', observed: [5, 5], expected: [1, Number.POSITIVE_INFINITY] },
    { name: 'less than nothing', observed: [5, -1], expected: [1, 1] },
  ])('has no data: $name', ({ observed, expected }) => {
    expect(judge(observed, expected)).toMatchObject({ outcome: 'no-data', reason: expect.stringMatching(/./) });
  });
});

import ttest2 from '@stdlib/stats-ttest2';
import fc from 'fast-check';
import { jStat } from 'jstat';
import {
  classAgreement,
  latencyShift,
  mcNemar,
  pairedT,
  populationStability,
  reportProportions,
  welch,
  wilcoxon,
} from '../../../runtime/src/rollout/statistics';
import { stratum } from './counting';

const sums = (values: readonly number[]) => ({
  n: values.length,
  sum: values.reduce((total, value) => total + value, 0),
  sumSquares: values.reduce((total, value) => total + value * value, 0),
});
const sample = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 3, maxLength: 60 });
const varies = (values: readonly number[]) => new Set(values.map((value) => value.toFixed(1))).size > 2;

describe('welch', () => {
  it('is the t-test of @stdlib with unequal variances, and the other way round with the arms exchanged', () => {
    fc.assert(
      fc.property(sample.filter(varies), sample.filter(varies), (a, b) => {
        const ours = welch(sums(a), sums(b));
        const theirs = ttest2(b, a);
        expect(ours.t).toBeCloseTo(theirs.statistic, 6);
        expect(ours.p).toBeCloseTo(theirs.pValue, 8);
        const exchanged = welch(sums(b), sums(a));
        expect(exchanged.difference).toBeCloseTo(-Number(ours.difference), 9);
        expect(exchanged.p).toBeCloseTo(Number(ours.p), 9);
      }),
    );
  });

  it.each([
    { name: 'one value', arm: sums([1]) },
    { name: 'nothing', arm: sums([]) },
    { name: 'NaN', arm: { n: 5, sum: Number.NaN, sumSquares: 5 } },
    { name: 'a sum too large for its squares', arm: { n: 2, sum: 10, sumSquares: 1 } },
  ])('has no data: $name', ({ arm }) => {
    expect(welch(sums([1, 2, 3]), arm)).toEqual({ test: 'Welch t', noData: expect.any(String) });
  });
});

describe('reportProportions', () => {
  it('is the z-test of the pooled share', () => {
    // d = 0.02, pooled 0.03, V = 0.03 · 0.97 · (1/1000 + 1/1000).
    const z = 0.02 / Math.sqrt(0.03 * 0.97 * 0.002);
    expect(reportProportions([stratum(1000, 20, 1000, 40)])).toMatchObject({
      difference: expect.closeTo(0.02, 12),
      z: expect.closeTo(z, 12),
      p: expect.closeTo(0.008751486656558, 12),
    });
    expect(reportProportions([stratum(1000, 0, 1000, 0)])).toMatchObject({ z: 0, p: 1 });
    expect(reportProportions([stratum(0, 0, 1000, 0)])).toHaveProperty('noData');
  });
});

describe('mcNemar', () => {
  it('is exact below 25 discordant pairs, and the chi-square test above', () => {
    const pairs = { bothRight: 80, bothWrong: 10 };
    // 2 · (C(10,0) + C(10,1)) / 2¹⁰
    expect(mcNemar({ ...pairs, onlyStableRight: 9, onlyCandidateRight: 1 })).toEqual({
      test: 'McNemar',
      n: 100,
      agreement: 0.9,
      onlyStableRight: 9,
      onlyCandidateRight: 1,
      p: expect.closeTo(22 / 1024, 12),
    });
    expect(mcNemar({ ...pairs, onlyStableRight: 30, onlyCandidateRight: 10 })).toMatchObject({
      statistic: 10,
      p: expect.closeTo(0.001565402, 9),
    });
    expect(mcNemar({ ...pairs, onlyStableRight: 5, onlyCandidateRight: 5 })).toMatchObject({ p: 1 });
    expect(mcNemar({ ...pairs, onlyStableRight: 0, onlyCandidateRight: 0 })).toMatchObject({ p: 1, agreement: 1 });
    expect(mcNemar({ ...pairs, onlyStableRight: Number.NaN, onlyCandidateRight: 0 })).toHaveProperty('noData');
    expect(mcNemar({ bothRight: 0, bothWrong: 0, onlyStableRight: 0, onlyCandidateRight: 0 })).toHaveProperty('noData');
  });
});

describe('classAgreement', () => {
  it('is the share of the diagonal, and kappa what is beyond chance', () => {
    const report = classAgreement([
      [20, 5],
      [10, 15],
    ]);
    expect(report).toEqual({ test: 'class agreement', n: 50, agreement: 0.7, kappa: expect.closeTo(0.4, 12) });
    expect(
      classAgreement([
        [7, 0],
        [0, 0],
      ]),
    ).toEqual({ test: 'class agreement', n: 7, agreement: 1 });
    expect(classAgreement([[1, 2]])).toHaveProperty('noData');
    expect(classAgreement([])).toHaveProperty('noData');
    expect(classAgreement([[-1]])).toHaveProperty('noData');
  });
});

describe('pairedT', () => {
  it('is the one-sample t-test of jStat on the differences', () => {
    fc.assert(
      fc.property(sample.filter(varies), (differences) => {
        expect(pairedT(sums(differences)).p).toBeCloseTo(jStat.ttest(0, differences, 2), 6);
      }),
    );
    expect(pairedT(sums([1, 1, 1]))).toHaveProperty('noData');
    expect(pairedT(sums([1]))).toHaveProperty('noData');
  });
});

describe('wilcoxon', () => {
  /** By all signs, one by one. */
  function byHand(differences: readonly number[]): number {
    const counted = differences.filter((difference) => difference !== 0);
    const sizes = counted.map(Math.abs);
    const ranks = sizes.map(
      (size) => (sizes.filter((other) => other < size).length + 1 + sizes.filter((other) => other <= size).length) / 2,
    );
    const sumOf = (isPositive: (index: number) => boolean) =>
      ranks.reduce((sum, rank, index) => sum + (isPositive(index) ? rank : 0), 0);
    const all = sumOf(() => true);
    const observed = sumOf((index) => counted[index] > 0);
    let extreme = 0;
    for (let signs = 0; signs < 2 ** ranks.length; signs += 1) {
      const sum = sumOf((index) => (signs & (1 << index)) !== 0);
      extreme += Math.abs(sum - all / 2) >= Math.abs(observed - all / 2) ? 1 : 0;
    }
    return extreme / 2 ** ranks.length;
  }

  it('counts all signs, also with equal differences', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 10 }), (differences) => {
        fc.pre(differences.some((difference) => difference !== 0));
        expect(wilcoxon(differences).p).toBeCloseTo(byHand(differences), 10);
      }),
    );
  });

  it('is nearly the same by the normal distribution with many', () => {
    const few = Array.from({ length: 25 }, (_, index) => (index + 1) * (index % 3 === 0 ? -1 : 1));
    const many = [...few, 26];
    expect(wilcoxon(few)).toMatchObject({ n: 25, statistic: 208 });
    expect(Math.abs(Number(wilcoxon(many).p) / Number(wilcoxon(few).p) - 1)).toBeLessThan(0.5);
    // 100 differences 1 … 100, 30 lowest of them negative: W = 5050 − 465, z = (4585 − 2525 − ½) / √84587.5.
    const hundred = Array.from({ length: 100 }, (_, index) => (index < 30 ? -1 : 1) * (index + 1));
    expect(wilcoxon(hundred)).toMatchObject({ statistic: 4585, p: expect.closeTo(1.428805e-12, 17) });
    // 50 equal ones have rank 25.5: W = 40 · 25.5, z = (1020 − 637.5 − ½) / √(10731.25 − 2603.125).
    const equal = Array.from({ length: 50 }, (_, index) => (index < 10 ? -2 : 2));
    expect(wilcoxon(equal)).toMatchObject({ statistic: 1020, p: expect.closeTo(2.264305983e-5, 12) });
    expect(wilcoxon(Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 1 : -1)))).toMatchObject({ p: 1 });
  });

  it('has no data without differences', () => {
    expect(wilcoxon([0, 0])).toHaveProperty('noData');
    expect(wilcoxon([])).toHaveProperty('noData');
    expect(wilcoxon([1, Number.NaN])).toHaveProperty('noData');
  });
});

describe('populationStability', () => {
  it('is the index of the smoothed shares, and says when to act', () => {
    const share = (count: number) => (count + 0.5) / 101;
    const psi = (share(60) - share(50)) * Math.log(share(60) / share(50)) * 2;
    const two = populationStability([50, 50], [60, 40]);
    const other = (share(40) - share(50)) * Math.log(share(40) / share(50));
    expect(two).toMatchObject({ shift: 'none', psi: expect.closeTo(psi / 2 + other, 12) });
    expect(populationStability([500, 500], [650, 350]).shift).toBe('none');
    expect(populationStability([500, 500], [670, 330]).shift).toBe('watch');
    expect(populationStability([500, 500], [780, 220]).shift).toBe('act');
  });

  it('is 0 for the same histogram, finite with an empty bin, and the same with the arms exchanged', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1000), fc.nat(1000)), { minLength: 1, maxLength: 20 }), (bins) => {
        const a = bins.map(([count]) => count);
        const b = bins.map(([, count]) => count);
        fc.pre(a.some((count) => count > 0) && b.some((count) => count > 0));
        expect(populationStability(a, a).psi).toBeCloseTo(0, 12);
        expect(Number.isFinite(populationStability(a, b).psi)).toBe(true);
        expect(populationStability(a, b).psi).toBeCloseTo(Number(populationStability(b, a).psi), 9);
      }),
    );
    expect(populationStability([1, 2], [1])).toHaveProperty('noData');
    expect(populationStability([], [])).toHaveProperty('noData');
    expect(populationStability([0, 0], [1, 2])).toHaveProperty('noData');
    expect(populationStability([1, -1], [1, 2])).toHaveProperty('noData');
  });
});

describe('latencyShift', () => {
  it('compares the quantiles of both, and has those of the differences', () => {
    const pairs = Array.from({ length: 100 }, (_, index) => ({ stable: index + 1, candidate: index + 1 + 5 }));
    expect(latencyShift(pairs, [0.5, 0.99])).toEqual({
      test: 'latency shift',
      n: 100,
      quantiles: [
        { quantile: 0.5, stable: 50, candidate: 55, shift: 5, paired: 5, lower: 5, upper: 5 },
        { quantile: 0.99, stable: 99, candidate: 104, shift: 5, paired: 5, lower: 5, upper: 5 },
      ],
    });
  });

  it('has bounds by order statistics', () => {
    const pairs = Array.from({ length: 400 }, (_, index) => ({ stable: 0, candidate: index + 1 }));
    // 200 ± 1.96 · 10
    expect(latencyShift(pairs, [0.5])).toMatchObject({ quantiles: [{ paired: 200, lower: 181, upper: 221 }] });
  });

  it('has no data without pairs, or with what is no number', () => {
    expect(latencyShift([])).toHaveProperty('noData');
    expect(latencyShift([{ stable: 1, candidate: Number.NaN }])).toHaveProperty('noData');
    expect(latencyShift([{ stable: 1, candidate: 1 }], [1])).toHaveProperty('noData');
  });
});

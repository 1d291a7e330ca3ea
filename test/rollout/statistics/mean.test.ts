import fc from 'fast-check';
import { normal, seeded } from '../../../bench/simulate/random';
import {
  judgeMean,
  type MeanInput,
  type MeanStratum,
  type SequentialState,
} from '../../../runtime/src/rollout/statistics';
import { stored } from './counting';

const test = { margin: 0, direction: 'higher-is-worse', alpha: 0.05, minSamples: 1000 } as const;

/** Sums of n values with a mean and a standard deviation of exactly so much. */
function sums(n: number, mean: number, deviation: number = 1) {
  return { n, sum: n * mean, sumSquares: n * mean * mean + (n - 1) * deviation * deviation };
}

function judge(stable: MeanStratum['stable'], candidate: MeanStratum['candidate'], changes: Partial<MeanInput> = {}) {
  return judgeMean({ ...test, strata: [{ name: 'step 1', stable, candidate }], ...changes }).evidence;
}

/** Sums of values that are a part of their denominators, give or take. */
function ratio(values: readonly (readonly [number, number])[]) {
  const add = (of: (value: number, denominator: number) => number) =>
    values.reduce((sum, [value, denominator]) => sum + of(value, denominator), 0);
  return {
    n: values.length,
    sum: add((value) => value),
    sumSquares: add((value) => value * value),
    denominator: {
      sum: add((_, denominator) => denominator),
      sumSquares: add((_, denominator) => denominator * denominator),
      sumProducts: add((value, denominator) => value * denominator),
    },
  };
}

/** Clicks of users with few or many impressions, each a click with a probability of their own. */
function users(random: () => number, count: number, share: number): [number, number][] {
  return Array.from({ length: count }, () => {
    const impressions = 1 + Math.floor(random() * random() * 30);
    const own = share * (0.5 + random());
    return [Array.from({ length: impressions }, random).filter((chance) => chance < own).length, impressions];
  });
}

describe('a ratio of two sums', () => {
  it('with denominators of 1 is the mean, number by number', () => {
    const random = seeded(3);
    const arms = [0, 0.1].map((shift) => Array.from({ length: 3000 }, () => normal(random) + shift));
    const [ofRatio, ofMean] = [true, false].map((isRatio) => {
      const [stable, candidate] = arms.map((values) => {
        const { denominator, ...plain } = ratio(values.map((value) => [value, 1] as const));
        return isRatio ? { ...plain, denominator } : plain;
      });
      return judge(stable as MeanStratum['stable'], candidate as MeanStratum['candidate']);
    });
    for (const key of ['difference', 'standardError', 'lower', 'upper', 'statistic', 'safeStatistic']) {
      expect(ofRatio?.[key]).toBeCloseTo(Number(ofMean?.[key]), 9);
    }
    expect(ofRatio?.reason).toBe(String(ofMean?.reason).replace('the mean', 'the ratio'));
  });

  it('has the standard error that it has over many experiments', () => {
    const random = seeded(9);
    const experiments = Array.from({ length: 400 }, () => {
      const [stable, candidate] = [ratio(users(random, 500, 0.1)), ratio(users(random, 500, 0.1))];
      const { difference, standardError } = judge(stable, candidate);
      return { difference: Number(difference), standardError: Number(standardError) };
    });
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = Math.sqrt(mean(experiments.map(({ difference }) => difference ** 2)));
    const claimed = Math.sqrt(mean(experiments.map(({ standardError }) => standardError ** 2)));
    expect(spread / claimed).toBeGreaterThan(0.9);
    expect(spread / claimed).toBeLessThan(1.1);
  });

  it('fails and passes by the ratio, not by the mean of the values', () => {
    const random = seeded(4);
    const [stable, same, worse] = [0.1, 0.1, 0.085].map((share) => ratio(users(random, 20_000, share)));
    const lower = { direction: 'lower-is-worse', margin: 0.005 } as const;
    expect(judge(stable!, same!, lower).outcome).toBe('pass');
    expect(judge(stable!, worse!, lower)).toMatchObject({
      outcome: 'fail',
      reason: expect.stringContaining('the ratio 0.08'),
    });
    // Twice as many impressions with as many clicks each: the values double, and nothing is better or worse.
    const twice = ratio([...Array(10_000)].map(() => users(random, 2, 0.1)).map(([[a, b], [c, d]]) => [a + c, b + d]));
    expect(judge(stable!, twice, lower).outcome).toBe('pass');
  });

  it.each([
    ['denominators of 0', { denominator: { sum: 0, sumSquares: 0, sumProducts: 0 } }],
    ['a sum of products that cannot be', { denominator: { sum: 2000, sumSquares: 2000, sumProducts: 1e9 } }],
    ['negative denominators', { denominator: { sum: -5, sumSquares: 2000, sumProducts: 0 } }],
    ['no number', { denominator: { sum: Number.NaN, sumSquares: 2000, sumProducts: 0 } }],
  ])('has no data with %s', (_, changes) => {
    const good = { ...sums(2000, 1), denominator: { sum: 2000, sumSquares: 2000, sumProducts: 2000 } };
    expect(judge(good, good).outcome).not.toBe('no-data');
    expect(judge(good, { ...good, ...changes }).outcome).toBe('no-data');
  });
});

describe('judgeMean', () => {
  it('fails, passes or waits for more, and says why', () => {
    expect(judge(sums(4000, 5), sums(4000, 5.2))).toMatchObject({
      outcome: 'fail',
      reason: 'the mean 5.2 of 4000 values is 0.2 worse than 5 of 4000 of the stable version: worse is shown',
    });
    expect(judge(sums(9000, 5), sums(9000, 5))).toMatchObject({
      outcome: 'pass',
      reason: 'the mean 5 of 9000 values is 0 better than 5 of 9000 of the stable version: 0.1 worse is excluded',
    });
    expect(judge(sums(2000, 5), sums(2000, 5.05)).outcome).toBe('undecided');
    expect(judge(sums(900, 5), sums(900, 9))).toMatchObject({
      outcome: 'undecided',
      reason:
        'the mean 9 of 900 values is 4 worse than 5 of 900 of the stable version: at least 1000 values of both are needed',
    });
    expect(judge(sums(2000, 5, 0), sums(2000, 6, 0))).toMatchObject({
      outcome: 'undecided',
      reason: 'the mean 6 of 2000 values is 1 worse than 5 of 2000 of the stable version: the values do not vary',
    });
  });

  it('does not decide with fewer than 1000 values of each arm, whatever it is asked', () => {
    expect(judge(sums(5000, 5), sums(999, 9), { minSamples: 10 })).toMatchObject({
      outcome: 'undecided',
      minSamples: 1000,
    });
    expect(judge(sums(5000, 5), sums(1000, 9), { minSamples: 10 }).outcome).toBe('fail');
    expect(judge(sums(5000, 5), sums(1000, 9), { minSamples: 2000 }).outcome).toBe('undecided');
  });

  it('takes the other direction when lower is worse', () => {
    const lower = { direction: 'lower-is-worse' } as const;
    expect(judge(sums(4000, 5), sums(4000, 4.8), lower).outcome).toBe('fail');
    expect(judge(sums(4000, 5), sums(4000, 5.2), lower).outcome).toBe('pass');
    expect(judge(sums(4000, 5), sums(4000, 4.8)).outcome).toBe('pass');
  });

  it('counts harm beyond the margin only', () => {
    expect(judge(sums(9000, 5), sums(9000, 5.2), { margin: 0.1 }).outcome).toBe('fail');
    expect(judge(sums(9000, 5), sums(9000, 5.2), { margin: 0.3 }).outcome).toBe('pass');
    expect(judge(sums(9000, 5), sums(9000, 5.2), { margin: 0.2 }).outcome).toBe('undecided');
  });

  it('does not see a difference in strata of different levels', () => {
    const quiet = { name: 'step 1', stable: sums(19_000, 1), candidate: sums(1000, 1) };
    const busy = { name: 'step 2', stable: sums(5000, 3), candidate: sums(5000, 3) };
    expect(judgeMean({ ...test, strata: [quiet, busy] }).evidence).toMatchObject({ outcome: 'pass', p: 1 });
  });

  it('keeps a fail, and the scale of the first look that could decide', () => {
    const bad = judgeMean({ ...test, strata: [{ name: 'step 1', stable: sums(4000, 5), candidate: sums(4000, 5.3) }] });
    const strata = [{ name: 'step 1', stable: sums(90_000, 5), candidate: sums(90_000, 5) }];
    const later = judgeMean({ ...test, strata, previous: stored(bad.state) });
    expect(later.evidence.outcome).toBe('fail');
    expect(later.state.scale).toBe(bad.state.scale);
  });

  it('says the same in other units', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        fc.constantFrom(1e-6, 0.001, 1000, 1e6),
        fc.constantFrom(0, 0.2),
        (shift, deviation, unit, margin) => {
          const one = judge(sums(5000, 0), sums(3000, shift, deviation), { margin });
          const other = judge(sums(5000, 0, unit), sums(3000, shift * unit, deviation * unit), {
            margin: margin * unit,
          });
          expect(other.outcome).toBe(one.outcome);
          expect(Math.abs(Number(other.statistic) - Number(one.statistic))).toBeLessThan(
            1e-6 + 1e-9 * Number(one.statistic),
          );
        },
      ),
    );
  });

  it('has an interval that holds the difference in 95 of 100 experiments, at all looks together', () => {
    const random = seeded(6);
    let missed = 0;
    for (let run = 0; run < 200; run += 1) {
      const arms = [
        { n: 0, sum: 0, sumSquares: 0 },
        { n: 0, sum: 0, sumSquares: 0 },
      ];
      let previous: SequentialState | undefined;
      let misses = false;
      for (let look = 0; look < 10; look += 1) {
        for (const arm of arms) {
          for (let value = 0; value < 300; value += 1) {
            const drawn = normal(random);
            arm.n += 1;
            arm.sum += drawn;
            arm.sumSquares += drawn * drawn;
          }
        }
        const [stable, candidate] = arms.map((arm) => ({ ...arm }));
        const { evidence, state } = judgeMean({ ...test, strata: [{ name: 'step 1', stable, candidate }], previous });
        previous = state;
        misses ||= Number(evidence.lower) > 0 || Number(evidence.upper) < 0;
      }
      missed += misses ? 1 : 0;
    }
    expect(missed).toBeLessThan(10);
  });
});

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

describe('judgeMean', () => {
  it('fails, passes or waits for more, and says why', () => {
    expect(judge(sums(4000, 5), sums(4000, 5.2))).toMatchObject({
      outcome: 'fail',
      reason: 'the mean is 0.2 worse than that of the stable version: worse is shown',
    });
    expect(judge(sums(9000, 5), sums(9000, 5))).toMatchObject({
      outcome: 'pass',
      reason: 'the mean is 0 better than that of the stable version: 0.1 worse is excluded',
    });
    expect(judge(sums(2000, 5), sums(2000, 5.05)).outcome).toBe('undecided');
    expect(judge(sums(900, 5), sums(900, 9))).toMatchObject({
      outcome: 'undecided',
      reason: 'the mean is 4 worse than that of the stable version: at least 1000 values of both are needed',
    });
    expect(judge(sums(2000, 5, 0), sums(2000, 6, 0))).toMatchObject({
      outcome: 'undecided',
      reason: 'the mean is 1 worse than that of the stable version: the values do not vary',
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

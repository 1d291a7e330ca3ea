import beta from '@stdlib/stats-base-dists-beta';
import binomial from '@stdlib/stats-base-dists-binomial';
import chisquare from '@stdlib/stats-base-dists-chisquare';
import normal from '@stdlib/stats-base-dists-normal';
import student from '@stdlib/stats-base-dists-t';
import fc from 'fast-check';
import { jStat } from 'jstat';
import {
  binomialLower,
  binomialUpper,
  chiSquareUpper,
  lnBeta,
  lnGamma,
  lnNormalUpper,
  lowerBeta,
  normalQuantile,
  normalUpper,
  studentUpper,
} from '../../../runtime/src/rollout/statistics/distributions';
import { deviance } from '../../../runtime/src/rollout/statistics/distributions/deviance';

const EXACT = 1e-10;
const RUNS = { numRuns: 3000 };

/** Below this the oracles lose digits themselves. */
const LEAST = 1e-200;

/** Holds numbers together by their ratio. */
function expectSame(ours: number, theirs: number, part: number = EXACT): void {
  if (Math.abs(theirs) > LEAST) {
    expect(Math.abs(ours / theirs - 1)).toBeLessThan(part);
  } else {
    expect(Math.abs(ours)).toBeLessThan(2 * LEAST);
  }
}

/** Numbers of many sizes. */
const size = (least: number, most: number) =>
  fc.double({ min: Math.log(least), max: Math.log(most), noNaN: true }).map(Math.exp);
const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });

describe('tails of distributions, next to @stdlib', () => {
  it('beta, out to ten standard deviations', () => {
    fc.assert(
      fc.property(size(0.01, 5000), size(0.01, 5000), between(-10, 10), (a, b, deviations) => {
        const mean = a / (a + b);
        const deviation = Math.sqrt((mean * (1 - mean)) / (a + b + 1));
        const x = Math.min(0.999, Math.max(0.001, mean + deviations * deviation));
        expectSame(lowerBeta(a, b, x), beta.cdf(x, a, b));
      }),
      RUNS,
    );
  });

  it("Student's t, out to 30", () => {
    fc.assert(
      fc.property(size(0.001, 30), size(0.5, 1e5), (t, df) => {
        expectSame(studentUpper(t, df), student.cdf(-t, df));
        expectSame(studentUpper(-t, df), student.cdf(t, df));
      }),
      RUNS,
    );
    // With one degree of freedom it is ½ − atan(t)/π, also next to 0, where @stdlib rounds to ½.
    expectSame(studentUpper(1e-9, 1), 0.5 - 1e-9 / Math.PI, 1e-15);
  });

  it('normal, out to 30, and its quantile', () => {
    fc.assert(
      fc.property(size(0.001, 30), (z) => {
        expectSame(normalUpper(z), normal.cdf(-z, 0, 1));
        expectSame(normalUpper(-z), normal.cdf(z, 0, 1));
        expectSame(normalQuantile(normal.cdf(-z, 0, 1)), -z);
      }),
      RUNS,
    );
  });

  it('normal beyond what numbers can hold, as a logarithm', () => {
    // −z²/2 − ln(z √(2π)) − 1/z² + 5/(2z⁴) …
    const z = 1000;
    expectSame(
      lnNormalUpper(z),
      -(z * z) / 2 - Math.log(z * Math.sqrt(2 * Math.PI)) - 1 / z ** 2 + 2.5 / z ** 4,
      1e-15,
    );
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY);
  });

  it('chi-square', () => {
    fc.assert(
      fc.property(size(0.5, 1000), between(0.01, 3), (df, times) => {
        const upper = 1 - chisquare.cdf(df * times, df);
        if (upper > 1e-4) {
          expectSame(chiSquareUpper(df * times, df), upper);
        }
      }),
      RUNS,
    );
    // With two degrees of freedom it is e^(−x/2), and with one the normal distribution, also far out.
    expectSame(chiSquareUpper(900, 2), Math.exp(-450), 1e-12);
    expectSame(chiSquareUpper(25 * 25, 1), 2 * normal.cdf(-25, 0, 1));
  });

  it('binomial', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), between(0, 1), between(0.01, 0.99), (n, part, p) => {
        const k = Math.floor(part * n);
        const theirs = binomial.cdf(k, n, p);
        // Of 31 of 1320 at 0.43 @stdlib has four digits; of the centre all.
        expectSame(binomialLower(k, n, p), theirs, theirs > 1e-30 ? EXACT : 1e-2);
        expectSame(binomialUpper(k, n, p), binomial.cdf(n - k, n, 1 - p), theirs < 1 - 1e-10 ? 1e-9 : 1e-2);
      }),
      RUNS,
    );
    // By fractions of whole numbers.
    expectSame(binomialLower(31, 1320, 0.4257386537548904), 4.770596814624933e-260, 1e-11);
    expect([binomialUpper(0, 10, 0.5), binomialUpper(11, 10, 0.5), binomialLower(10, 10, 0.5)]).toEqual([1, 0, 1]);
  });
});

describe('functions behind them, next to jStat', () => {
  it('beta, chi-square and t in the centre, of which it has six digits at worst', () => {
    fc.assert(
      fc.property(size(0.5, 50), size(0.5, 50), between(0.05, 0.95), (a, b, x) => {
        expect(lowerBeta(a, b, x)).toBeCloseTo(jStat.beta.cdf(x, a, b), 6);
        expect(1 - chiSquareUpper(a, b)).toBeCloseTo(jStat.chisquare.cdf(a, b), 6);
        expect(1 - studentUpper(a / 10, b)).toBeCloseTo(jStat.studentt.cdf(a / 10, b), 6);
      }),
      RUNS,
    );
  });

  it('ln Γ, and ln B without loss where it is a small difference of large numbers', () => {
    fc.assert(
      fc.property(size(1e-6, 1e9), (x) => {
        expect(Math.abs(lnGamma(x) - jStat.gammaln(x))).toBeLessThan(1e-10 * Math.max(1, Math.abs(lnGamma(x))));
      }),
      RUNS,
    );
    // x ln(x/(x+1)) + 1 = 1/(2x) − 1/(3x²) + 1/(4x³) …
    expectSame(deviance(1e6, 1e6 + 1), 1 / 2e6 - 1 / 3e12 + 1 / 4e18, 1e-12);
    // B(a, 1) = 1/a, and B(a, b+1) = B(a, b) · b/(a+b).
    expectSame(lnBeta(1e12, 1), -Math.log(1e12), 1e-14);
    expectSame(lnBeta(3e9, 2e9 + 1) - lnBeta(3e9, 2e9), Math.log(2 / 5), 1e-6);
  });
});

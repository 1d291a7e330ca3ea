import fc from 'fast-check';
import { levelInterval } from '../../../runtime/src/rollout/statistics/level-interval';
import { differenceOfShares } from '../../../runtime/src/rollout/statistics/mantel-haenszel';
import {
  lnHalfMixtureRatio,
  lnMixtureRatio,
  mixtureRadius,
} from '../../../runtime/src/rollout/statistics/normal-mixture';
import { stratum } from './counting';

const variance = fc.double({ min: 1e-8, max: 1, noNaN: true });
const difference = fc.double({ min: -0.5, max: 0.5, noNaN: true });
const effect = fc.double({ min: 0.001, max: 0.5, noNaN: true });

describe('lnMixtureRatio', () => {
  it('is ln of √(V/(V+τ²)) · exp(τ²d²/(2V(V+τ²))), the same in both directions, and finite where that is not', () => {
    const [v, d, tau] = [2e-5, 0.012, 0.01];
    const direct = Math.sqrt(v / (v + tau ** 2)) * Math.exp((tau ** 2 * d ** 2) / (2 * v * (v + tau ** 2)));
    expect(lnMixtureRatio({ difference: d, variance: v }, tau)).toBeCloseTo(Math.log(direct), 12);
    expect(lnMixtureRatio({ difference: -d, variance: v }, tau)).toBeCloseTo(Math.log(direct), 12);
    expect(lnMixtureRatio({ difference: 0.5, variance: 1e-8 }, 0.01)).toBeGreaterThan(1e6);
    expect(lnMixtureRatio({ difference: 0, variance: 0 }, 0.01)).toBe(0);
  });

  it('says the same in other units', () => {
    fc.assert(
      fc.property(difference, variance, effect, fc.constantFrom(0.001, 1000), (d, v, tau, unit) => {
        const one = lnMixtureRatio({ difference: d, variance: v }, tau);
        const other = lnMixtureRatio({ difference: d * unit, variance: v * unit * unit }, tau * unit);
        expect(Math.abs(other - one)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(one)));
      }),
    );
  });

  it('reaches 1/alpha where the interval ends', () => {
    fc.assert(
      fc.property(variance, effect, fc.constantFrom(0.05, 0.001), (v, tau, alpha) => {
        const radius = mixtureRadius(v, tau, alpha);
        expect(lnMixtureRatio({ difference: radius, variance: v }, tau)).toBeCloseTo(-Math.log(alpha), 6);
        // In the terms of Waudby-Smith et al., with σ = 1: V = 1/t, ρ = τ.
        const t = 1 / v;
        const sum = t * tau * tau + 1;
        const theirs = Math.sqrt(((2 * sum) / (t * tau) ** 2) * Math.log(Math.sqrt(sum) / alpha));
        expect(radius / theirs).toBeCloseTo(1, 9);
      }),
    );
  });
});

describe('lnHalfMixtureRatio', () => {
  it('is the mixture over harms of one direction, by adding up', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -0.02, max: 0.04, noNaN: true }),
        fc.double({ min: 1e-5, max: 1e-3, noNaN: true }),
        (d, v) => {
          const tau = 0.01;
          const step = tau / 2000;
          let sum = 0;
          for (let harm = step / 2; harm < 10 * tau; harm += step) {
            const prior = (2 / (tau * Math.sqrt(2 * Math.PI))) * Math.exp(-(harm * harm) / (2 * tau * tau));
            sum += prior * Math.exp((harm * d - (harm * harm) / 2) / v) * step;
          }
          expect(lnHalfMixtureRatio({ difference: d, variance: v }, tau)).toBeCloseTo(Math.log(sum), 5);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('is finite in the other direction', () => {
    expect(lnHalfMixtureRatio({ difference: -1, variance: 1e-8 }, 0.01)).toBeLessThan(-5);
    expect(lnHalfMixtureRatio({ difference: -1, variance: 1e-8 }, 0.01)).toBeGreaterThan(-100);
  });
});

describe('differenceOfShares', () => {
  it('weights strata by n₁n₀/(n₁+n₀)', () => {
    const strata = [stratum(900, 18, 100, 5), stratum(500, 30, 500, 40, 'step 2'), stratum(10, 1, 0, 0, 'step 3')];
    const [w1, w2] = [90, 250];
    const [p1, p2] = [23 / 1000, 70 / 1000];
    const v1 = p1 * (1 - p1) * (1 / 900 + 1 / 100);
    const v2 = p2 * (1 - p2) * (1 / 500 + 1 / 500);
    expect(differenceOfShares(strata)).toEqual({
      difference: expect.closeTo((w1 * 0.03 + w2 * 0.02) / (w1 + w2), 14),
      variance: expect.closeTo((w1 * w1 * v1 + w2 * w2 * v2) / (w1 + w2) ** 2, 14),
    });
    expect(differenceOfShares([strata[2]])).toBeUndefined();
  });
});

describe('levelInterval', () => {
  it('holds the observed share, is narrower with more data, and wider with less alpha', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, part) => {
        const events = Math.floor(n * part);
        const { lower, upper } = levelInterval(n, events, 0.05, 0.01);
        expect(lower).toBeLessThanOrEqual(events / n);
        expect(upper).toBeGreaterThanOrEqual(events / n);
        const more = levelInterval(10 * n, 10 * events, 0.05, 0.01);
        expect(more.upper - more.lower).toBeLessThanOrEqual(upper - lower);
        const surer = levelInterval(n, events, 0.001, 0.01);
        expect(surer.lower).toBeLessThanOrEqual(lower);
        expect(surer.upper).toBeGreaterThanOrEqual(upper);
      }),
    );
  });

  it('misses the share in at most 5 of 100 experiments, at all of 40 looks together, by all that can happen', () => {
    // The probability of each count of events at which the share was never missed, look by look.
    for (const share of [0.01, 0.1, 0.5]) {
      let held = [1];
      for (let n = 1; n <= 40; n += 1) {
        const next = Array.from({ length: n + 1 }, () => 0);
        held.forEach((probability, events) => {
          next[events] += probability * (1 - share);
          next[events + 1] += probability * share;
        });
        held = next.map((probability, events) => {
          const { lower, upper } = levelInterval(n, events, 0.05, 0.05);
          return share >= lower && share <= upper ? probability : 0;
        });
      }
      expect(held.reduce((sum, probability) => sum + probability, 0)).toBeGreaterThan(0.95);
    }
  });
});

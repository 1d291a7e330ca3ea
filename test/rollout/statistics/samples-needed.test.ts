import fc from 'fast-check';
import { stepSamples } from '../../../lib/rollout/step-samples';
import { fixedSamplesNeeded, type SamplePlan, samplesNeeded } from '../../../runtime/src/rollout/statistics';

const plan: SamplePlan = { baseline: 0.02, effect: 0.01, alpha: 0.05, power: 0.8, share: 0.1 };
const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const anyPlan = fc.record({
  baseline: fc.oneof(fc.constant(0), between(0, 0.5)),
  effect: between(0.0005, 0.3),
  margin: fc.constantFrom(0, 0.005, 0.1),
  alpha: between(0.001, 0.3),
  power: between(0.5, 0.99),
  share: between(0.01, 0.99),
});

describe('samplesNeeded', () => {
  it('is what the library plans with', () => {
    fc.assert(
      fc.property(anyPlan, (any) => {
        expect(Math.abs(stepSamples(any) - samplesNeeded(any))).toBeLessThanOrEqual(1e-7 * samplesNeeded(any));
      }),
      { numRuns: 500 },
    );
    expect(stepSamples(plan)).toBe(samplesNeeded(plan));
  });

  it('needs more for a smaller effect, alpha or share, for more power, and with a margin on top', () => {
    const needed = samplesNeeded(plan);
    expect(needed).toBe(40_285);
    expect(samplesNeeded({ ...plan, effect: 0.005 })).toBeGreaterThan(3 * needed);
    expect(samplesNeeded({ ...plan, alpha: 0.01 })).toBeGreaterThan(needed);
    expect(samplesNeeded({ ...plan, share: 0.05 })).toBeGreaterThan(needed);
    expect(samplesNeeded({ ...plan, power: 0.9 })).toBeGreaterThan(needed);
    expect(samplesNeeded({ ...plan, margin: 0.01 })).toBeGreaterThan(needed);
    expect(samplesNeeded({ ...plan, share: 0.5 })).toBeLessThan(needed);
  });

  it('has enough for five events when that is more', () => {
    // 6.9 events are expected where five or more come with 80 %.
    expect(samplesNeeded({ ...plan, baseline: 0, effect: 0.02 }) * 0.1 * 0.02).toBeCloseTo(6.9, 1);
  });

  it('needs 1 to 2.4 times what one look at the end needs, in usual plans', () => {
    const usual = fc.record({
      baseline: between(0.01, 0.3),
      alpha: between(0.01, 0.1),
      power: between(0.8, 0.95),
      share: between(0.1, 0.5),
      part: between(0.1, 1),
    });
    fc.assert(
      fc.property(usual, ({ part, ...any }) => {
        const each = { ...any, effect: part * any.baseline };
        const times = samplesNeeded(each) / fixedSamplesNeeded(each);
        expect(times).toBeGreaterThan(1);
        expect(times).toBeLessThan(2.4);
      }),
    );
  });
});

describe('fixedSamplesNeeded', () => {
  it('is the formula of two proportions', () => {
    // (1.959964 + 0.841621)² · (0.03 · 0.97 + 0.02 · 0.98) / 0.01² for each of two equal arms.
    const each = 2.801585 ** 2 * (0.0291 + 0.0196) * 1e4;
    expect(Math.abs(fixedSamplesNeeded({ ...plan, share: 0.5 }) - 2 * each)).toBeLessThan(1.5);
  });
});

it.each([
  { ...plan, baseline: Number.NaN },
  { ...plan, baseline: -0.1 },
  { ...plan, baseline: 0.995 },
  { ...plan, effect: 0 },
  { ...plan, alpha: 1 },
  { ...plan, power: 0 },
  { ...plan, share: 1 },
  { ...plan, margin: -1 },
  { ...plan, margin: Number.POSITIVE_INFINITY },
])('an impossible plan is not a number: %j', (impossible) => {
  expect([samplesNeeded(impossible), fixedSamplesNeeded(impossible), stepSamples(impossible)]).toEqual([
    Number.NaN,
    Number.NaN,
    Number.NaN,
  ]);
});

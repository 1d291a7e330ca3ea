import fc from 'fast-check';
import { assign, type Variant } from '../../../runtime/src/rollout/statistics';
import vectors from './assignment-vectors.json';

const shares = (candidate: number): Variant[] => [
  { name: 'stable', weight: 100 - candidate },
  { name: 'candidate', weight: candidate },
];

/** The units of 0 … count−1 that get the candidate. */
function candidates(salt: string, weights: Variant[], count: number): Set<number> {
  return new Set(
    Array.from({ length: count }, (_, unit) => unit).filter(
      (unit) => assign(salt, `user-${unit}`, weights) === 'candidate',
    ),
  );
}

describe('assign', () => {
  it.each(vectors)('$salt / $unit gets $variant', ({ salt, unit, variants, variant }) => {
    expect(assign(salt, unit, variants)).toBe(variant);
  });

  it.each([1, 10, 50, 90])('gives %d %% to the candidate', (weight) => {
    const part = candidates('checkout', shares(weight), 20_000).size / 200;
    expect(Math.abs(part - weight)).toBeLessThan(1);
  });

  it('moves nobody out of a variant whose weight grows, or back when it shrinks again', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 5 }),
        fc.nat(4),
        fc.integer({ min: 1, max: 1000 }),
        (salt, unit, weights, index, more) => {
          const variants = weights.map((weight, position) => ({ name: `v${position}`, weight }));
          const grown = variants.map((variant, position) =>
            position === index % weights.length ? { ...variant, weight: variant.weight + more } : variant,
          );
          const before = assign(salt, unit, variants);
          const after = assign(salt, unit, grown);
          // Either nothing changes, or the unit came to the one that grew.
          expect([before, grown[index % weights.length].name]).toContain(after);
        },
      ),
      { numRuns: 2000 },
    );
    const ten = candidates('checkout', shares(10), 2000);
    const fifty = candidates('checkout', shares(50), 2000);
    expect([...ten].every((unit) => fifty.has(unit))).toBe(true);
  });

  it('does not depend on the order or the unit of the weights', () => {
    fc.assert(
      fc.property(fc.string(), (unit) => {
        const [stable, candidate] = shares(30);
        expect(assign('salt', unit, [candidate, stable])).toBe(assign('salt', unit, [stable, candidate]));
        const parts = [stable, candidate].map(({ name, weight }) => ({ name, weight: weight / 128 }));
        expect(assign('salt', unit, parts)).toBe(assign('salt', unit, [stable, candidate]));
      }),
    );
  });

  it('is independent for another salt', () => {
    const one = candidates('checkout', shares(50), 4000);
    const both = [...candidates('search', shares(50), 4000)].filter((unit) => one.has(unit)).length;
    expect(Math.abs(both / 4000 - 0.25)).toBeLessThan(0.03);
  });

  it('never gives a variant without weight, and nothing when none has any', () => {
    const none = { name: 'none', weight: 0 };
    expect(candidates('checkout', [none, { name: 'candidate', weight: 0.001 }], 100).size).toBe(100);
    for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(assign('checkout', 'user-1', [{ name: 'candidate', weight }])).toBeUndefined();
    }
    expect(assign('checkout', 'user-1', [])).toBeUndefined();
  });
});

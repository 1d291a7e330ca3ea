import fc from 'fast-check';
import { type Judgement, judgeIncrease, judgeLevel } from '../../../runtime/src/rollout/statistics';
import { type Bets, FIRST_BETS, lnCapital } from '../../../runtime/src/rollout/statistics/bets';
import { restrictedShare } from '../../../runtime/src/rollout/statistics/restricted-share';
import { betOnIncrease, betOnSafety } from '../../../runtime/src/rollout/statistics/two-arm-bets';
import { binomial, stored, stratum } from './counting';

/** Rounding. */
const MOST = 1 + 1e-9;

const share = fc.double({ min: 0.0005, max: 0.95, noNaN: true });
const few = fc.integer({ min: 5, max: 14 });

/** The expected capital after one block of both arms: the sum over everything that can happen. */
function expectedCapital(
  n0: number,
  n1: number,
  p0: number,
  p1: number,
  bet: (x0: number, x1: number) => Bets,
): number {
  let sum = 0;
  for (let x0 = 0; x0 <= n0; x0 += 1) {
    for (let x1 = 0; x1 <= n1; x1 += 1) {
      sum += binomial(x0, n0, p0) * binomial(x1, n1, p1) * Math.exp(lnCapital(bet(x0, x1)));
    }
  }
  return sum;
}

describe('bets on an increase', () => {
  it('gain nothing on average while the increase is at most the margin, whatever the shares and the guess', () => {
    fc.assert(
      fc.property(
        few,
        few,
        share,
        share,
        share,
        fc.constantFrom(0, 0.001, 0.02, 0.3),
        share,
        (n0, n1, a, b, guess, m, scale) => {
          const p0 = a * (1 - m);
          const p1 = Math.min(p0 + m, b);
          for (const candidate of [p0 + m, p1]) {
            const bet = (x0: number, x1: number) =>
              betOnIncrease(FIRST_BETS, stratum(n0, x0, n1, x1), m, [guess], scale);
            expect(expectedCapital(n0, n1, p0, candidate, bet)).toBeLessThan(MOST);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gain nothing on average either against an increase that is there', () => {
    fc.assert(
      fc.property(few, few, share, share, share, fc.constantFrom(0.001, 0.02, 0.3), (n0, n1, a, b, guess, harm) => {
        const p0 = a * (1 - harm);
        for (const candidate of [p0 + harm, Math.max(p0 + harm, b)]) {
          const bet = (x0: number, x1: number) => betOnSafety(FIRST_BETS, stratum(n0, x0, n1, x1), harm, [guess]);
          expect(expectedCapital(n0, n1, p0, candidate, bet)).toBeLessThan(MOST);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('stay fair when requests of a block have different probabilities', () => {
    // Half of the requests of each arm at 0.9, half at 0.01: the number of events is no longer binomial.
    const halves = (k: number, n: number) => {
      let sum = 0;
      for (let first = 0; first <= k; first += 1) {
        sum +=
          first <= n / 2 && k - first <= n / 2 ? binomial(first, n / 2, 0.9) * binomial(k - first, n / 2, 0.01) : 0;
      }
      return sum;
    };
    let sum = 0;
    for (let x0 = 0; x0 <= 10; x0 += 1) {
      for (let x1 = 0; x1 <= 6; x1 += 1) {
        const bets = betOnIncrease(FIRST_BETS, stratum(10, x0, 6, x1), 0, [0.1], 0.05);
        sum += halves(x0, 10) * halves(x1, 6) * Math.exp(lnCapital(bets));
      }
    }
    expect(sum).toBeLessThan(MOST);
  });

  it('stay fair from look to look, when the guess comes from the look before', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 0.05), fc.constantFrom(0.02, 0.2, 0.5), (margin, p0) => {
        const test = { margin, alpha: 0.05, minSamples: 0, effect: 0.05 };
        let sum = 0;
        for (let first = 0; first <= 12; first += 1) {
          const [x0, x1] = [first % 7, Math.floor(first / 7)];
          const one = judgeIncrease({ ...test, strata: [stratum(6, x0, 1, x1)] });
          expect(one.state.settled).toEqual([]); // too few of the candidate
        }
        for (let x0 = 0; x0 <= 6; x0 += 1) {
          for (let x1 = 0; x1 <= 5; x1 += 1) {
            const { state } = judgeIncrease({ ...test, strata: [stratum(6, x0, 5, x1)] });
            const probability = binomial(x0, 6, p0) * binomial(x1, 5, p0 + margin);
            for (let y0 = 0; y0 <= 5; y0 += 1) {
              for (let y1 = 0; y1 <= 5; y1 += 1) {
                const strata = [stratum(11, x0 + y0, 10, x1 + y1)];
                const second = judgeIncrease({ ...test, strata, previous: stored(state) });
                const both = probability * binomial(y0, 5, p0) * binomial(y1, 5, p0 + margin);
                sum += both * Math.exp(lnCapital(second.state.harm as Bets));
              }
            }
          }
        }
        expect(sum).toBeLessThan(MOST);
        expect(sum).toBeGreaterThan(0.5);
      }),
      { numRuns: 6 },
    );
  });
});

describe('bets on a level', () => {
  it('gain nothing on average while the share is at most the largest', () => {
    const capital = ({ state }: Judgement) => Math.exp(lnCapital(state.bets as Bets));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), share, share, (n, max, part) => {
        for (const p of [max, max * part]) {
          let sum = 0;
          for (let k = 0; k <= n; k += 1) {
            const judgement = judgeLevel({ strata: [stratum(0, 0, n, k)], max, alpha: 0.05, minSamples: 0 });
            sum += binomial(k, n, p) * capital(judgement);
          }
          expect(sum).toBeLessThan(MOST);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('restrictedShare', () => {
  it('is where the likelihood is largest under the restriction', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 1e6 }),
        share,
        share,
        share,
        (n0, n1, a, b, part) => {
          const gap = part * 0.9;
          const shareBelow = restrictedShare(n0, a, n1, b, gap);
          const likelihood = (low: number) =>
            n0 * (a * Math.log(low) + (1 - a) * Math.log1p(-low)) +
            n1 * (b * Math.log(low + gap) + (1 - b) * Math.log1p(-low - gap));
          const best = likelihood(shareBelow);
          for (const step of [0.999, 0.9999, 1.0001, 1.001]) {
            const other = shareBelow * step;
            if (other + gap < 1) {
              expect(likelihood(other)).toBeLessThanOrEqual(best + Math.abs(best) * 1e-13);
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

import { zAtEachLook } from '../../../bench/simulate/classic';
import type { Rule } from '../../../bench/simulate/decision';
import { seeded } from '../../../bench/simulate/random';
import { sequential, type Test } from '../../../bench/simulate/sequential';
import { type Tally, tally } from '../../../bench/simulate/tally';
import { cumulated } from '../../../bench/simulate/traffic';
import {
  judgeIncrease,
  judgeLevel,
  judgeMean,
  judgeSampleRatio,
  type SequentialState,
  samplesNeeded,
} from '../../../runtime/src/rollout/statistics';

const MANY = 10_000;
const alpha = 0.05;

const increase =
  (margin: number, effect: number): Test =>
  (strata, previous) =>
    judgeIncrease({ strata, margin, alpha, minSamples: 0, effect, previous });
const level =
  (max: number): Test =>
  (strata, previous) =>
    judgeLevel({ strata, max, alpha, minSamples: 0, previous });

/** Promotes at the first pass: as wrong as passes can be. */
function hasty(test: Test): Rule {
  return (minutes) => {
    let previous: SequentialState | undefined;
    for (const [minute, counts] of cumulated(minutes).entries()) {
      const { evidence, state } = test([{ name: 'step', ...counts }], previous);
      previous = state;
      if (evidence.outcome === 'pass' || evidence.outcome === 'fail') {
        return { end: evidence.outcome === 'pass' ? 'promoted' : 'aborted', minute: minute + 1 };
      }
    }
    return { end: 'held', minute: minutes.length };
  };
}

const same = { share: 0.2, stable: 0.02, candidate: 0.02, minutes: 30 };
const usual = { rate: 100, share: 0.1, stable: 0.02, minutes: 60 };
const planned = { baseline: 0.02, effect: 0.02, alpha, power: 0.8, share: 0.1 };

const cases: Record<string, () => Tally | number> = {
  'increase, few': () => tally({ ...same, rate: 4 }, [sequential(increase(0, 0.01))], MANY)[0],
  'increase, rare': () =>
    tally({ ...same, rate: 50, stable: 0.001, candidate: 0.001 }, [sequential(increase(0, 0.01))], MANY)[0],
  'increase, often': () =>
    tally({ ...same, rate: 20, stable: 0.1, candidate: 0.1 }, [sequential(increase(0, 0.01))], MANY)[0],
  'increase, at the margin': () =>
    tally(
      { rate: 100, share: 0.1, stable: 0.001, candidate: 0.006, minutes: 25 },
      [hasty(increase(0.005, 0.005))],
      MANY,
    )[0],
  'increase, at the effect': () =>
    tally({ ...usual, candidate: 0.03, minutes: 25 }, [hasty(increase(0, 0.01))], MANY / 2)[0],
  'level, at the largest': () =>
    tally({ rate: 50, share: 0.5, stable: 0, candidate: 0.02, minutes: 40 }, [hasty(level(0.02))], MANY)[0],
  'z at each look': () => tally({ ...usual, candidate: 0.02 }, [zAtEachLook(alpha)], 1000)[0],

  'increase, 2 → 3 %': () => tally({ ...usual, candidate: 0.03 }, [sequential(increase(0, 0.01))], 500)[0],
  'increase, 2 → 4 %': () => tally({ ...usual, candidate: 0.04 }, [sequential(increase(0, 0.01))], 500)[0],
  'increase, no harm': () => tally({ ...usual, candidate: 0.02 }, [hasty(increase(0, 0.01))], 500)[0],
  'increase, after ten hours': () =>
    tally({ ...usual, candidate: 0.06, minutes: 620, onset: 600 }, [sequential(increase(0, 0.01))], 100)[0],
  'increase, a request at a time': () =>
    tally(
      { rate: 0.5, share: 0.1, stable: 0.02, candidate: 0.2, minutes: 600 },
      [sequential(increase(0, 0.01))],
      200,
    )[0],
  'increase, as planned': () => {
    const rate = (samplesNeeded(planned) * planned.share) / 60;
    return tally({ ...usual, rate, candidate: 0.04 }, [sequential(increase(0, planned.effect))], 2000)[0];
  },
  'level, 2 → 6 %': () =>
    tally({ rate: 50, share: 0.5, stable: 0, candidate: 0.06, minutes: 15 }, [sequential(level(0.02))], 500)[0],

  'mean, log-normal': () => failingMeans(MANY),
  'ratio, of users': () => failingUsers(1500),
  'sample ratio, as expected': () => failingRatios(0.1, MANY),
  'sample ratio, 88/12': () => failingRatios(0.12, 300),
};

/** Share of rollouts with log-normal values in both arms that fail: 20 looks, from 1000 values of each arm to 2900. */
function failingMeans(runs: number): number {
  const random = seeded(11);
  const values = Float64Array.from({ length: 2 ** 16 }, () => {
    const score = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.exp(score);
  });
  let failed = 0;
  for (let run = 0; run < runs; run += 1) {
    const arms = [new Float64Array(3), new Float64Array(3)];
    let previous: SequentialState | undefined;
    for (let n = 100; n <= 2900; n += 100) {
      for (let index = 0; index < 200; index += 1) {
        const arm = arms[index & 1];
        const value = values[(random() * values.length) | 0];
        arm[0] += 1;
        arm[1] += value;
        arm[2] += value * value;
      }
      if (n >= 1000) {
        const [stable, candidate] = arms.map(([count, sum, sumSquares]) => ({ n: count, sum, sumSquares }));
        const strata = [{ name: 'step', stable, candidate }];
        const direction = run % 2 === 0 ? 'higher-is-worse' : 'lower-is-worse';
        const judgement = judgeMean({ strata, margin: 0, direction, alpha, minSamples: 0, previous });
        previous = judgement.state;
        if (judgement.evidence.outcome === 'fail') {
          failed += 1;
          break;
        }
      }
    }
  }
  return failed / runs;
}

/** Share of rollouts that fail though clicks for each impression are as likely in both arms; looks as for means. */
function failingUsers(runs: number): number {
  const random = seeded(13);
  const users = Array.from({ length: 2 ** 14 }, () => {
    const impressions = 1 + Math.floor(random() * random() * 30);
    const share = 0.1 * (0.5 + random());
    let clicks = 0;
    for (let impression = 0; impression < impressions; impression += 1) {
      clicks += random() < share ? 1 : 0;
    }
    return [clicks, impressions];
  });
  let failed = 0;
  for (let run = 0; run < runs; run += 1) {
    const arms = [new Float64Array(5), new Float64Array(5)];
    let previous: SequentialState | undefined;
    for (let n = 100; n <= 2900; n += 100) {
      for (let index = 0; index < 200; index += 1) {
        const arm = arms[index & 1];
        const [clicks, impressions] = users[(random() * users.length) | 0];
        arm[0] += clicks;
        arm[1] += clicks * clicks;
        arm[2] += impressions;
        arm[3] += impressions * impressions;
        arm[4] += clicks * impressions;
      }
      if (n >= 1000) {
        const [stable, candidate] = arms.map(([sum, sumSquares, ofImpressions, squares, sumProducts]) => ({
          n,
          sum,
          sumSquares,
          denominator: { sum: ofImpressions, sumSquares: squares, sumProducts },
        }));
        const strata = [{ name: 'step', stable, candidate }];
        const judgement = judgeMean({ strata, margin: 0, direction: 'lower-is-worse', alpha, minSamples: 0, previous });
        previous = judgement.state;
        if (judgement.evidence.outcome === 'fail') {
          failed += 1;
          break;
        }
      }
    }
  }
  return failed / runs;
}

/** Share of experiments with 90/10 expected that fail: 100 looks of 50 units. */
function failingRatios(share: number, runs: number): number {
  const random = seeded(12);
  let failed = 0;
  for (let run = 0; run < runs; run += 1) {
    const observed = [0, 0];
    let previous: SequentialState | undefined;
    for (let look = 0; look < 100; look += 1) {
      for (let unit = 0; unit < 50; unit += 1) {
        observed[random() < share ? 1 : 0] += 1;
      }
      const judgement = judgeSampleRatio({ observed, expected: [90, 10], alpha, previous });
      previous = judgement.state;
      if (judgement.evidence.outcome === 'fail') {
        failed += 1;
        break;
      }
    }
  }
  return failed / runs;
}

/**
 * How often the sequential tests are wrong, and right, over many simulated rollouts.
 *
 * @returns a tally, or the share that fails, of each case
 */
export function errorRates(): Record<string, Tally & number> {
  return Object.fromEntries(Object.entries(cases).map(([name, count]) => [name, count() as Tally & number]));
}

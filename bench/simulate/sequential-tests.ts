import { fixedSamplesNeeded, judgeIncrease, judgeLevel, samplesNeeded } from '../../runtime/src/rollout/statistics';
import { mixtureTest, zAtEachLook } from './classic';
import type { Rule } from './decision';
import { sequential } from './sequential';
import { percent, printTable } from './table';
import { type Tally, tally } from './tally';
import { RATES } from './thresholds';

const ALPHA = 0.05;
const MINUTES = 60;

/** How our tests do by traffic, and next to two classic ones. */
export function sequentialTables(runs: number): void {
  increaseTable(runs);
  marginTable(runs);
  levelTable(runs);
  powerTable(runs);
}

function increaseTable(runs: number): void {
  const rules = [increase(0, 0.01), mixtureTest(ALPHA, 0.01), zAtEachLook(ALPHA)];
  printTable(
    'Increase, margin 0, alpha 5 %, 60 looks: failed, at the median minute',
    ['Stable → candidate, candidate requests/min', 'ours', 'mSPRT from 200 requests', 'z at each look'],
    [0.02, 0.03, 0.04, 0.1].flatMap((candidate) =>
      RATES.map((rate) => [
        `2 → ${100 * candidate} %, ${rate}`,
        ...tally({ rate, share: 0.1, stable: 0.02, candidate, minutes: MINUTES }, rules, runs).map(failed),
      ]),
    ),
  );
}

function marginTable(runs: number): void {
  printTable(
    'Increase, margin 0.5 points, alpha 5 %, 60 looks: failed, at the median minute; passed at the end',
    ['Stable → candidate, candidate requests/min', 'failed', 'passed'],
    [0.001, 0.006, 0.011, 0.021].flatMap((candidate) =>
      RATES.map((rate) => {
        const scenario = { rate, share: 0.1, stable: 0.001, candidate, minutes: MINUTES };
        const [result] = tally(scenario, [increase(0.005, 0.005)], runs);
        return [`0.1 → ${(100 * candidate).toFixed(1)} %, ${rate}`, failed(result), percent(result.promoted)];
      }),
    ),
  );
}

function levelTable(runs: number): void {
  const level = sequential((strata, previous) =>
    judgeLevel({ strata, max: 0.02, alpha: ALPHA, minSamples: 200, previous }),
  );
  printTable(
    'Level, max 2 %, alpha 5 %, 60 looks (shadow disagreement is the same test): failed, at the median minute; passed at the end',
    ['Share of events, candidate requests/min', 'failed', 'passed'],
    [0, 0.005, 0.01, 0.02, 0.03, 0.04, 0.1].flatMap((candidate) =>
      RATES.map((rate) => {
        const [result] = tally({ rate, share: 0.5, stable: 0, candidate, minutes: MINUTES }, [level], runs);
        return [`${100 * candidate} %, ${rate}`, failed(result), percent(result.promoted)];
      }),
    ),
  );
}

/** What `samplesNeeded` promises, and what comes of it. */
function powerTable(runs: number): void {
  printTable(
    'samplesNeeded at 10 % share, alpha 5 %, power 80 %: requests of both arms, and how often the increase was found with them in 60 looks',
    ['Stable → candidate', 'planned', 'found', 'planned ÷ z-test of one look'],
    [
      [0.001, 0.005],
      [0.001, 0.01],
      [0.01, 0.01],
      [0.02, 0.01],
      [0.02, 0.02],
      [0.1, 0.05],
      [0.3, 0.03],
    ].map(([baseline, effect]) => {
      const plan = { baseline, effect, alpha: ALPHA, power: 0.8, share: 0.1 };
      const needed = samplesNeeded(plan);
      const rate = (needed * plan.share) / MINUTES;
      const scenario = { rate, share: plan.share, stable: baseline, candidate: baseline + effect, minutes: MINUTES };
      const [result] = tally(scenario, [increase(0, effect)], runs);
      const name = `${100 * baseline} → ${Number((100 * (baseline + effect)).toFixed(1))} %`;
      return [name, String(needed), percent(result.aborted), (needed / fixedSamplesNeeded(plan)).toFixed(2)];
    }),
  );
}

function increase(margin: number, effect: number): Rule {
  return sequential((strata, previous) =>
    judgeIncrease({ strata, margin, alpha: ALPHA, minSamples: 200, effect, previous }),
  );
}

function failed({ aborted, minute }: Tally): string {
  return minute === undefined ? percent(aborted) : `${percent(aborted)}, ${minute} min`;
}

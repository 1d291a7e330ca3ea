import { judgeIncrease } from '../../runtime/src/rollout/statistics';
import { argo } from './argo';
import type { Rule } from './decision';
import { flagger } from './flagger';
import { sequential } from './sequential';
import { percent, printTable } from './table';
import { type Tally, tally } from './tally';
import type { Scenario } from './traffic';

/** Requests a minute to the candidate, which has 10 % of all. */
export const RATES = [1, 10, 100, 1000];

/** One and a half times the usual share of errors. */
const MAX = 0.03;

const usual = { max: MAX, failureLimit: 3, window: 1, threshold: 3 };
const guard = { requests: 200, limit: 10 };

const RULES: Record<string, Rule> = {
  Argo: argo({ ...usual, orZero: false }),
  'Argo, or vector(0)': argo({ ...usual, orZero: true }),
  'Argo, guarded, 5 min': argo({ ...usual, orZero: true, window: 5, guard }),
  Flagger: flagger({ ...usual, orZero: false }),
  'Flagger, or vector(0)': flagger({ ...usual, orZero: true }),
  ours: sequential((strata, previous) =>
    judgeIncrease({ strata, margin: 0, alpha: 0.05, minSamples: 200, effect: 0.01, previous }),
  ),
};

const HEALTHY: Record<string, Partial<Scenario>> = {
  'no errors': { stable: 0, candidate: 0 },
  '2 %': {},
  '2 %, 10 idle minutes': { idle: [20, 30] },
};

const WORSE: Record<string, Partial<Scenario>> = {
  '2 → 3 %': { candidate: 0.03 },
  '2 → 4 %': { candidate: 0.04 },
  '2 → 4 % from minute 30': { candidate: 0.04, onset: 30 },
  '2 → 10 %': { candidate: 0.1 },
};

/** The rules of others and ours on the same rollouts. */
export function thresholdTables(runs: number): void {
  const header = ['Truth, candidate requests/min', ...Object.keys(RULES)];
  printTable(
    'Healthy candidates: falsely aborted within 60 minutes (and held for a person)',
    header,
    rows(HEALTHY, runs, ({ aborted, held }) => `${percent(aborted)} (${percent(held)})`),
  );
  printTable(
    'Regressions: missed, which means promoted after 60 minutes (and held for a person), median minute of the abort',
    header,
    rows(WORSE, runs, ({ promoted, held, minute }) => {
      const missed = `${percent(promoted)} (${percent(held)})`;
      return minute === undefined ? missed : `${missed}, ${minute} min`;
    }),
  );
}

function rows(scenarios: Record<string, Partial<Scenario>>, runs: number, cell: (result: Tally) => string) {
  return Object.entries(scenarios).flatMap(([name, changes]) =>
    RATES.map((rate) => {
      const scenario = { rate, share: 0.1, stable: 0.02, candidate: 0.02, minutes: 60, ...changes };
      return [`${name}, ${rate}`, ...tally(scenario, Object.values(RULES), runs).map(cell)];
    }),
  );
}

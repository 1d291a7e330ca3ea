import { judgeMean, judgeSampleRatio, type SequentialState } from '../../runtime/src/rollout/statistics';
import { normal, type Random, seeded } from './random';
import { percent, printTable } from './table';

const ALPHA = 0.05;

/** The tests of means and of the sample ratio. They take a value or a unit at a time, so they get fewer runs. */
export function otherTables(runs: number): void {
  const fewer = Math.ceil(runs / 2);
  printTable(
    'Mean, margin 0, alpha 5 %, 40 looks of 500 values in two equal arms: failed, at the median number of values; passed at the end',
    ['Values, shift in standard deviations', 'failed', 'passed'],
    (['normal', 'log-normal'] as const).flatMap((kind) => [0, 0.1, 0.2].map((shift) => meanRow(kind, shift, fewer))),
  );
  printTable(
    'Sample ratio, expected 90/10, alpha 5 %, 200 looks of 50 units: failed, at the median number of units',
    ['Truth', 'failed'],
    [0.1, 0.11, 0.12, 0.15].map((share) => sampleRatioRow(share, fewer)),
  );
}

const SPREAD = Math.sqrt((Math.E - 1) * Math.E);

function meanRow(kind: 'normal' | 'log-normal', shift: number, runs: number): string[] {
  const random = seeded(2);
  const draw = () => (kind === 'normal' ? normal(random) : (Math.exp(normal(random)) - Math.sqrt(Math.E)) / SPREAD);
  const at: number[] = [];
  let passed = 0;
  for (let run = 0; run < runs; run += 1) {
    const arms = [new Float64Array(3), new Float64Array(3)];
    let state: SequentialState | undefined;
    let outcome = '';
    for (let look = 1; look <= 40 && outcome !== 'fail'; look += 1) {
      for (let value = 0; value < 500; value += 1) {
        add(arms[value % 2], draw() + (value % 2) * shift);
      }
      const [stable, candidate] = arms.map(([n, sum, sumSquares]) => ({ n, sum, sumSquares }));
      const direction = 'higher-is-worse';
      const strata = [{ name: 'step', stable, candidate }];
      const judgement = judgeMean({ strata, margin: 0, direction, alpha: ALPHA, minSamples: 1000, previous: state });
      ({ state } = judgement);
      ({ outcome } = judgement.evidence);
      if (outcome === 'fail') {
        at.push(look * 500);
      }
    }
    passed += outcome === 'pass' ? 1 : 0;
  }
  return [`${kind}, ${shift}`, atMedian(at, runs), percent(passed / runs)];
}

function add(sums: Float64Array, value: number): void {
  sums[0] += 1;
  sums[1] += value;
  sums[2] += value * value;
}

function sampleRatioRow(share: number, runs: number): string[] {
  const random: Random = seeded(3);
  const at: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const observed = [0, 0];
    let state: SequentialState | undefined;
    for (let units = 50; units <= 10_000; units += 50) {
      for (let unit = 0; unit < 50; unit += 1) {
        observed[random() < share ? 1 : 0] += 1;
      }
      const judgement = judgeSampleRatio({ observed, expected: [90, 10], alpha: ALPHA, previous: state });
      ({ state } = judgement);
      if (judgement.evidence.outcome === 'fail') {
        at.push(units);
        break;
      }
    }
  }
  return [`${Math.round(100 * (1 - share))}/${Math.round(100 * share)}`, atMedian(at, runs)];
}

function atMedian(at: readonly number[], runs: number): string {
  const middle = at.toSorted((a, b) => a - b)[at.length >> 1];
  return middle === undefined ? percent(0) : `${percent(at.length / runs)}, ${middle}`;
}

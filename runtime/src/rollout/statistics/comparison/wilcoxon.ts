import { normalUpper } from '../distributions';
import { noReport, type Report } from '../report';

/** Up to so many differences the distribution is counted out. */
const EXACT = 25;

const TEST = 'Wilcoxon signed-rank';

/**
 * Wilcoxon's signed-rank test of differences of scores (candidate less stable) of the same requests; two-sided.
 *
 * Differences of 0 do not count; equal ones have the mean of their ranks. Exact up to 25 differences, also with equal ones;
 * above by the normal distribution, with corrections for equal ones and for continuity.
 *
 * @returns `n` (differences that are not 0), `zeros`, `statistic` (sum of the ranks of positive differences), `p`
 */
export function wilcoxon(differences: readonly number[]): Report {
  if (!differences.every(Number.isFinite)) {
    return noReport(TEST, 'a difference is not a number');
  }
  const counted = differences.filter((difference) => difference !== 0).sort((a, b) => Math.abs(a) - Math.abs(b));
  const n = counted.length;
  if (n === 0) {
    return noReport(TEST, 'there are no differences');
  }
  const { doubled, ties } = rank(counted.map(Math.abs));
  const positive = counted.reduce((sum, difference, index) => sum + (difference > 0 ? doubled[index] : 0), 0);
  const p = n <= EXACT ? exactP(doubled, positive) : normalP(positive / 2, n, ties);
  return { test: TEST, n, zeros: differences.length - n, statistic: positive / 2, p };
}

/** Twice the ranks, which are whole numbers also where ranks are shared; and Σ(t³ − t) of groups of t equal ones. */
function rank(sorted: readonly number[]): { doubled: number[]; ties: number } {
  const doubled: number[] = [];
  let ties = 0;
  while (doubled.length < sorted.length) {
    const first = doubled.length;
    let size = 1;
    while (sorted[first + size] === sorted[first]) {
      size += 1;
    }
    doubled.push(...Array.from({ length: size }, () => 2 * first + size + 1));
    ties += size ** 3 - size;
  }
  return { doubled, ties };
}

/** By all 2ⁿ signs: how many of them give which sum. */
function exactP(doubled: readonly number[], positive: number): number {
  const all = doubled.reduce((sum, value) => sum + value, 0);
  const ways = new Float64Array(all + 1);
  ways[0] = 1;
  for (const value of doubled) {
    for (let sum = all; sum >= value; sum -= 1) {
      ways[sum] += ways[sum - value];
    }
  }
  const extreme = Math.min(positive, all - positive);
  const tail = ways.subarray(0, extreme + 1).reduce((sum, count) => sum + count, 0);
  return Math.min(1, (2 * tail) / 2 ** doubled.length);
}

function normalP(positive: number, n: number, ties: number): number {
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - ties / 48;
  const distance = Math.max(0, Math.abs(positive - (n * (n + 1)) / 4) - 0.5);
  return Math.min(1, 2 * normalUpper(distance / Math.sqrt(variance)));
}

import { isCount } from '../counts';
import { binomialLower, chiSquareUpper } from '../distributions';
import { noReport, type Report } from '../report';

/** Answers of both versions to the same requests, by whether they were right. */
export interface PairedOutcomes {
  readonly bothRight: number;
  readonly onlyStableRight: number;
  readonly onlyCandidateRight: number;
  readonly bothWrong: number;
}

/** From so many discordant pairs on the chi-square distribution is near enough. */
const ENOUGH = 25;

const TEST = 'McNemar';

/**
 * McNemar's test of whether both versions are equally often right: (b−c)²/(b+c), exact below 25 discordant pairs; two-sided.
 *
 * @returns `n`, `agreement` (share of requests on which both are right or both wrong), `statistic` (absent when exact), `p`
 */
export function mcNemar({ bothRight, onlyStableRight, onlyCandidateRight, bothWrong }: PairedOutcomes): Report {
  const wrong = [bothRight, onlyStableRight, onlyCandidateRight, bothWrong].find((count) => !isCount(count));
  if (wrong !== undefined) {
    return noReport(TEST, `${wrong} is not a count`);
  }
  const discordant = onlyStableRight + onlyCandidateRight;
  const n = bothRight + bothWrong + discordant;
  if (n === 0) {
    return noReport(TEST, 'there are no pairs');
  }
  const counts = { n, onlyStableRight, onlyCandidateRight, agreement: (n - discordant) / n };
  if (discordant < ENOUGH) {
    const tail = binomialLower(Math.min(onlyStableRight, onlyCandidateRight), discordant, 0.5);
    return { test: TEST, ...counts, p: Math.min(1, 2 * tail) };
  }
  const statistic = (onlyStableRight - onlyCandidateRight) ** 2 / discordant;
  return { test: TEST, ...counts, statistic, p: chiSquareUpper(statistic, 1) };
}

/**
 * Agreement on classes, from how often the stable version answered class i and the candidate class j.
 *
 * @param matrix square: `matrix[i][j]`
 * @returns `n`, `agreement` (share of the same class), `kappa` (Cohen: agreement beyond chance, 1 = full; absent when both
 * always answer the same one class)
 */
export function classAgreement(matrix: readonly (readonly number[])[]): Report {
  const test = 'class agreement';
  const wrong = matrix.flat().find((count) => !isCount(count));
  if (wrong !== undefined || matrix.some((row) => row.length !== matrix.length)) {
    return noReport(test, wrong === undefined ? 'the matrix is not square' : `${wrong} is not a count`);
  }
  const rows = matrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  const columns = matrix.map((_, index) => matrix.reduce((sum, row) => sum + row[index], 0));
  const n = rows.reduce((sum, count) => sum + count, 0);
  if (n === 0) {
    return noReport(test, 'there are no pairs');
  }
  const agreement = matrix.reduce((sum, row, index) => sum + row[index], 0) / n;
  const chance = rows.reduce((sum, count, index) => sum + (count / n) * (columns[index] / n), 0);
  return { test, n, agreement, ...(chance < 1 && { kappa: (agreement - chance) / (1 - chance) }) };
}

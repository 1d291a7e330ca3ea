import { studentUpper } from '../distributions';
import { noReport, type Report, twoSided } from '../report';
import { type ArmSums, flawOfArmSums, mean, variance } from '../sums';

const TEST = 'paired t';

/**
 * The t-test of the differences of scores (candidate less stable) of the same requests; two-sided.
 *
 * @param differences sums of the differences
 * @returns `n`, `mean`, `standardError`, `t`, `df`, `p`
 */
export function pairedT(differences: ArmSums): Report {
  const flaw = flawOfArmSums(differences);
  if (flaw !== undefined) {
    return noReport(TEST, flaw);
  }
  const { n } = differences;
  if (n < 2) {
    return noReport(TEST, 'there are fewer than two pairs');
  }
  const standardError = Math.sqrt(variance(differences) / n);
  if (standardError === 0) {
    return noReport(TEST, 'the differences do not vary');
  }
  const t = mean(differences) / standardError;
  const p = twoSided((score) => studentUpper(score, n - 1), t);
  return { test: TEST, n, mean: mean(differences), standardError, t, df: n - 1, p };
}

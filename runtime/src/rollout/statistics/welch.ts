import { studentUpper } from './distributions';
import { noReport, type Report, twoSided } from './report';
import { type ArmSums, flawOfArmSums, mean, variance } from './sums';

const TEST = 'Welch t';

/**
 * Welch's t-test of the difference of two means; two-sided. For one look at the end.
 *
 * @returns `difference` (candidate less stable), `standardError`, `t`, `df`, `p`, and n and mean of both arms
 */
export function welch(stable: ArmSums, candidate: ArmSums): Report {
  const flaw = flawOfArmSums(stable) ?? flawOfArmSums(candidate);
  if (flaw !== undefined) {
    return noReport(TEST, flaw);
  }
  if (Math.min(stable.n, candidate.n) < 2) {
    return noReport(TEST, 'an arm has fewer than two values');
  }
  const ofStable = variance(stable) / stable.n;
  const ofCandidate = variance(candidate) / candidate.n;
  const squaredError = ofStable + ofCandidate;
  if (squaredError === 0) {
    return noReport(TEST, 'the values do not vary');
  }
  const difference = mean(candidate) - mean(stable);
  const t = difference / Math.sqrt(squaredError);
  const df = squaredError ** 2 / (ofStable ** 2 / (stable.n - 1) + ofCandidate ** 2 / (candidate.n - 1));
  return {
    test: TEST,
    n: candidate.n,
    mean: mean(candidate),
    stableN: stable.n,
    stableMean: mean(stable),
    difference,
    standardError: Math.sqrt(squaredError),
    t,
    df,
    p: twoSided((score) => studentUpper(score, df), t),
  };
}

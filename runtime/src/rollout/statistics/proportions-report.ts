import { flawOfStrata, type Stratum, total } from './counts';
import { normalUpper } from './distributions';
import { differenceOfShares } from './mantel-haenszel';
import { noReport, type Report, twoSided } from './report';

const TEST = 'two-proportion z';

/**
 * The z-test of the difference of two shares, with Mantel-Haenszel weights over strata; two-sided. For one look at the end.
 *
 * @returns `difference`, `standardError`, `z`, `p`, and the counts
 */
export function reportProportions(strata: readonly Stratum[]): Report {
  const flaw = flawOfStrata([], strata);
  const estimate = flaw === undefined ? differenceOfShares(strata) : undefined;
  if (estimate === undefined) {
    return noReport(TEST, flaw ?? 'no stratum has requests of both arms');
  }
  const standardError = Math.sqrt(estimate.variance);
  const z = standardError > 0 ? estimate.difference / standardError : 0;
  return {
    test: TEST,
    stable: { ...total(strata, 'stable') },
    candidate: { ...total(strata, 'candidate') },
    difference: estimate.difference,
    standardError,
    z,
    p: twoSided(normalUpper, z),
  };
}

export { binomialLower, binomialUpper } from './binomial';
export { chiSquareUpper } from './chi-square';
export { lowerBeta } from './incomplete-beta';
export { lnBeta, lnGamma } from './ln-gamma';
export { lnNormalUpper, normalQuantile, normalUpper } from './normal';
export { studentUpper } from './student-t';

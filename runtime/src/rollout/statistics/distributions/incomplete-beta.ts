import { continuedFraction } from './continued-fraction';
import { deviance } from './deviance';
import { stirlingError } from './ln-gamma';

/**
 * Iₓ(a, b), the lower tail of a beta distribution, for a, b > 0.
 *
 * @param x from 0 to 1
 * @param y 1 − x, for those who know it better than by subtraction
 */
export function lowerBeta(a: number, b: number, x: number, y: number = 1 - x): number {
  if (x <= 0) {
    return 0;
  }
  if (y <= 0) {
    return 1;
  }
  return x <= a / (a + b) ? smallTail(a, b, x, y) : 1 - smallTail(b, a, y, x);
}

/** By the continued fraction (NIST DLMF 8.17.22), which is fast below the mean. */
function smallTail(a: number, b: number, x: number, y: number): number {
  const sum = a + b;
  const lnKernel = // x^a y^b / B(a, b)
    0.5 * Math.log((a / (2 * Math.PI)) * (b / sum)) -
    deviance(a, sum * x) -
    deviance(b, sum * y) +
    stirlingError(sum) -
    stirlingError(a) -
    stirlingError(b);
  const fraction = continuedFraction(1, (index, step) => {
    const m = index >> 1;
    step.a =
      index % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (sum + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    step.b = 1;
  });
  return (Math.exp(lnKernel) * fraction) / a;
}

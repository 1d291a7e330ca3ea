import { continuedFraction } from './continued-fraction';
import { deviance } from './deviance';
import { stirlingError } from './ln-gamma';

/**
 * ln Q(a, x) = ln(Γ(a, x) / Γ(a)), the upper tail of a gamma distribution, for a > 0 and x ≥ 0.
 *
 * By the series of the lower tail below a + 1 and a continued fraction above (Abramowitz & Stegun 6.5.29, 6.5.31).
 */
export function lnUpperGamma(a: number, x: number): number {
  if (x <= 0) {
    return 0;
  }
  const lnKernel = 0.5 * Math.log(a / (2 * Math.PI)) - deviance(a, x) - stirlingError(a); // x^a e^−x / Γ(a)
  if (x < a + 1) {
    return Math.log1p(-Math.exp(lnKernel) * lowerSeries(a, x));
  }
  const fraction = continuedFraction(x + 1 - a, (index, step) => {
    step.a = index * (a - index);
    step.b = x + 1 - a + 2 * index;
  });
  return lnKernel + Math.log(fraction);
}

/** Σ xⁿ / (a (a+1) … (a+n)). */
function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > sum * 1e-17; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

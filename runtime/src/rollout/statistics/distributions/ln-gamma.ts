/** From here on the series below is exact to the last bit. */
const LARGE = 15;

/** Coefficients of 1/x, 1/x³, 1/x⁵ …: B₂ₖ / (2k(2k−1)). */
const SERIES = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156];

const HALF_LN_TWO_PI = 0.9189385332046728;

/**
 * What Stirling's formula lacks: ln Γ(x) = (x − ½) ln x − x + ½ ln 2π + `stirlingError(x)`, for x > 0.
 *
 * Differences of ln Γ of large numbers lose their digits; differences of this do not.
 */
export function stirlingError(x: number): number {
  let error = 0;
  let shifted = x;
  for (; shifted < LARGE; shifted += 1) {
    error += (shifted + 0.5) * Math.log1p(1 / shifted) - 1;
  }
  const square = 1 / (shifted * shifted);
  let sum = 0;
  for (let index = SERIES.length - 1; index >= 0; index -= 1) {
    sum = sum * square + SERIES[index];
  }
  return error + sum / shifted;
}

/** ln Γ(x), for x > 0. */
export function lnGamma(x: number): number {
  return (x - 0.5) * Math.log(x) - x + HALF_LN_TWO_PI + stirlingError(x);
}

/** ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), for a, b > 0. */
export function lnBeta(a: number, b: number): number {
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  const sum = a + b;
  return (
    (small - 0.5) * Math.log(small / sum) -
    large * Math.log1p(small / large) -
    0.5 * Math.log(large) +
    HALF_LN_TWO_PI +
    stirlingError(small) +
    stirlingError(large) -
    stirlingError(sum)
  );
}

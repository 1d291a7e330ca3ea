/** Nearer than this part of their sum the two are subtracted by a series. */
const NEAR = 0.1;

/**
 * x ln(x/m) + m − x, for x ≥ 0 and m > 0, with all digits also where x and m are close.
 *
 * Source: Loader, Fast and Accurate Computation of Binomial Probabilities (2000).
 */
export function deviance(x: number, m: number): number {
  if (x === 0) {
    return m;
  }
  const difference = x - m;
  if (Math.abs(difference) >= NEAR * (x + m)) {
    return x * Math.log(x / m) - difference;
  }
  const ratio = difference / (x + m);
  const square = ratio * ratio;
  let power = 2 * x * ratio;
  let sum = difference * ratio;
  for (let odd = 3; ; odd += 2) {
    power *= square;
    const next = sum + power / odd;
    if (next === sum) {
      return sum;
    }
    sum = next;
  }
}

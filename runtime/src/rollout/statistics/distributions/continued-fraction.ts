/** Enough for arguments of 1e9, where about √n terms are needed. */
const MOST_TERMS = 200_000;

const EPSILON = 2 ** -52;
const TINY = 1e-300;

/**
 * 1/(b₀ + a₁/(b₁ + a₂/(b₂ + …))) by the modified method of Lentz.
 *
 * @param first b₀
 * @param term sets `step.a` to aᵢ and `step.b` to bᵢ
 */
export function continuedFraction(first: number, term: (index: number, step: FractionStep) => void): number {
  const step = { a: 0, b: 0 };
  let c = 1 / TINY;
  let d = 1 / nonZero(first);
  let value = d;
  for (let index = 1; index < MOST_TERMS; index += 1) {
    term(index, step);
    d = 1 / nonZero(step.b + step.a * d);
    c = nonZero(step.b + step.a / c);
    const factor = c * d;
    value *= factor;
    if (Math.abs(factor - 1) <= EPSILON) {
      break;
    }
  }
  return value;
}

/** One step of a {@link continuedFraction}. */
export interface FractionStep {
  a: number;
  b: number;
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

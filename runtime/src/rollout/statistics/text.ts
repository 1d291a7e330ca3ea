/** A share as a percentage with three digits, for people. */
export function percent(share: number): string {
  return `${digits(100 * share)} %`;
}

/** A difference of shares in percentage points with three digits, for people. */
export function points(difference: number): string {
  const value = digits(100 * difference);
  return value === 1 ? '1 point' : `${value} points`;
}

/** A number with three digits, for people. */
export function digits(value: number): number {
  return Number(value.toPrecision(3));
}

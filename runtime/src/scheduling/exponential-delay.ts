/**
 * A delay that doubles with each attempt, spread over its upper half so that many processes do not come back together.
 *
 * @param attempt 0 = the first
 * @param first delay of the first attempt, in milliseconds
 * @param most longest delay, in milliseconds
 * @param random random numbers from 0 to 1
 */
export function exponentialDelay(
  attempt: number,
  first: number,
  most: number,
  random: () => number = Math.random,
): number {
  return Math.min(most, first * 2 ** Math.min(attempt, 30)) * (0.5 + random() / 2);
}

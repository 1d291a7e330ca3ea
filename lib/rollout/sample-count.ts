const MOST_SAMPLES = 1_000_000_000;

/** Whether a rollout can wait for so many requests. */
export function isSampleCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= MOST_SAMPLES;
}

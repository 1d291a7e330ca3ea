import type { Stratum } from '../../../runtime/src/rollout/statistics';

/** A stratum by its counts: requests and events of the stable arm, then of the candidate. */
export function stratum(
  stableN: number,
  stableEvents: number,
  n: number,
  events: number,
  name: string = 'step 1',
): Stratum {
  return { name, stable: { n: stableN, events: stableEvents }, candidate: { n, events } };
}

/** A value as it comes back from storage. */
export function stored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** Probability of k events in n requests. */
export function binomial(k: number, n: number, share: number): number {
  let ways = 1;
  for (let index = 1; index <= k; index += 1) {
    ways *= (n - k + index) / index;
  }
  return ways * share ** k * (1 - share) ** (n - k);
}

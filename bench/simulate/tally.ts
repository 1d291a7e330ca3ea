import type { Rule } from './decision';
import { seeded } from './random';
import { type Scenario, traffic } from './traffic';

/** How a rule decided on many rollouts; shares are from 0 to 1. */
export interface Tally {
  readonly aborted: number;
  readonly promoted: number;
  readonly held: number;

  /** Median minute of the aborted ones; absent when there are none. */
  readonly minute?: number;
}

/** Lets rules decide on the same rollouts. */
export function tally(scenario: Scenario, rules: readonly Rule[], runs: number, seed = 1): Tally[] {
  const draw = traffic(scenario);
  const random = seeded(seed);
  const decisions = rules.map(() => ({ aborted: [] as number[], promoted: [] as number[], held: [] as number[] }));
  for (let run = 0; run < runs; run += 1) {
    const minutes = draw(random);
    rules.forEach((rule, index) => {
      const { end, minute } = rule(minutes);
      decisions[index][end].push(minute);
    });
  }
  return decisions.map(({ aborted, promoted, held }) => ({
    aborted: aborted.length / runs,
    promoted: promoted.length / runs,
    held: held.length / runs,
    minute: aborted.sort((a, b) => a - b)[aborted.length >> 1],
  }));
}

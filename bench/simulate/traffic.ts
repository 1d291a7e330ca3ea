import type { Stratum } from '../../runtime/src/rollout/statistics';
import { poisson, type Random } from './random';

/** Counts of one minute. */
export type Minute = Omit<Stratum, 'name'>;

/** Traffic to a rollout. */
export interface Scenario {
  /** Requests a minute to the candidate, on average. */
  readonly rate: number;

  /** Share of requests that the candidate gets. */
  readonly share: number;

  /** Share of events of the stable version. */
  readonly stable: number;

  /** Share of events of the candidate. */
  readonly candidate: number;

  readonly minutes: number;

  /**
   * Minutes without any requests: from the first, before the second.
   *
   * @default - none
   */
  readonly idle?: readonly [number, number];

  /**
   * From this minute on the candidate has its share of events, before it that of the stable version.
   *
   * @default 0
   */
  readonly onset?: number;
}

/** Draws the minutes of a scenario: Poisson arrivals, each an event with the probability of its arm. */
export function traffic(scenario: Scenario): (random: Random) => Minute[] {
  const { rate, share, minutes, idle, onset = 0 } = scenario;
  const stable = arm((rate * (1 - share)) / share, scenario.stable);
  const healthy = arm(rate, scenario.stable);
  const candidate = arm(rate, scenario.candidate);
  const nothing = { n: 0, events: 0 };
  return (random) =>
    Array.from({ length: minutes }, (_, minute) =>
      idle !== undefined && minute >= idle[0] && minute < idle[1]
        ? { stable: nothing, candidate: nothing }
        : { stable: stable(random), candidate: (minute < onset ? healthy : candidate)(random) },
    );
}

function arm(rate: number, share: number) {
  const events = poisson(rate * share);
  const others = poisson(rate * (1 - share));
  return (random: Random) => {
    const counted = events(random);
    return { n: counted + others(random), events: counted };
  };
}

/** The counts since the beginning, after each minute. */
export function cumulated(minutes: readonly Minute[]): Minute[] {
  const sum = { stable: { n: 0, events: 0 }, candidate: { n: 0, events: 0 } };
  return minutes.map(({ stable, candidate }) => {
    sum.stable = { n: sum.stable.n + stable.n, events: sum.stable.events + stable.events };
    sum.candidate = { n: sum.candidate.n + candidate.n, events: sum.candidate.events + candidate.events };
    return { ...sum };
  });
}

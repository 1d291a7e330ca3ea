import type { Minute } from './traffic';

/** How a rollout ended: it was rolled back, the candidate got all traffic, or a person is asked. */
export interface Decision {
  readonly end: 'aborted' | 'promoted' | 'held';

  /** Minute of the end, counted from 1. */
  readonly minute: number;
}

/** A rule that decides on a rollout, minute by minute. */
export type Rule = (minutes: readonly Minute[]) => Decision;

/** What a query answers: a number, NaN for 0/0, or nothing for an empty vector. */
export type Measurement = number | undefined;

/**
 * The error ratio of the candidate as Prometheus answers it, over the last `window` minutes.
 *
 * `sum(rate(errors)) / sum(rate(all))` is empty until the first error, because counters appear when they are first counted,
 * and NaN when they are there but nothing came. `(sum(rate(errors)) or vector(0)) / sum(rate(all))` is empty only until the
 * first request.
 */
export function measure(minutes: readonly Minute[], minute: number, window: number, orZero: boolean): Measurement {
  const before = (from: number, key: 'n' | 'events') => {
    let sum = 0;
    for (let index = from; index <= minute; index += 1) {
      sum += minutes[index].candidate[key];
    }
    return sum;
  };
  if (before(0, orZero ? 'n' : 'events') === 0) {
    return undefined;
  }
  const first = Math.max(0, minute - window + 1);
  return before(first, 'events') / before(first, 'n');
}

import { measure, type Rule } from './decision';

/** The analysis of a Canary of Flagger with one MetricTemplate, each minute. */
export interface FlaggerAnalysis {
  /** `thresholdRange.max`. */
  readonly max: number;

  /** So many failed checks roll back. */
  readonly threshold: number;

  /** Minutes of the `rate()` of the query. */
  readonly window: number;

  /** Whether the query has `or vector(0)`. */
  readonly orZero: boolean;
}

/**
 * The rule of Flagger 1.44 (pkg/controller/scheduler.go): a check fails above the range, and also when the query gives no
 * number ("no values found": an empty vector or NaN). Failed checks are counted over the whole run, not in a row.
 */
export function flagger({ max, threshold, window, orZero }: FlaggerAnalysis): Rule {
  return (minutes) => {
    let failedChecks = 0;
    for (let minute = 0; minute < minutes.length; minute += 1) {
      const value = measure(minutes, minute, window, orZero);
      failedChecks += value === undefined || Number.isNaN(value) || value > max ? 1 : 0;
      if (failedChecks >= threshold) {
        return { end: 'aborted', minute: minute + 1 };
      }
    }
    return { end: 'promoted', minute: minutes.length };
  };
}

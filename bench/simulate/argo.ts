import { type Measurement, measure, type Rule } from './decision';

/** An AnalysisTemplate of Argo Rollouts with one metric, measured each minute. */
export interface ArgoAnalysis {
  /** `successCondition: result[0] <= max`. */
  readonly max: number;

  /** So many failed measurements are allowed. */
  readonly failureLimit: number;

  /** Minutes of the `rate()` of the query. */
  readonly window: number;

  /** Whether the query has `or vector(0)`. */
  readonly orZero: boolean;

  /**
   * Conditions for success and for failure with `len(result) > 0 && !isNaN(result[0])`, and so many requests in the window at
   * least; what meets neither is inconclusive, and more of that than `limit` is for a person.
   *
   * @default - `successCondition` alone
   */
  readonly guard?: { readonly requests: number; readonly limit: number };
}

/** Default of Argo Rollouts: the fifth error in a row ends the analysis. */
const CONSECUTIVE_ERROR_LIMIT = 4;

/**
 * The rule of Argo Rollouts 1.9 (analysis/analysis.go, utils/evaluate/evaluate.go): a run fails when more measurements have
 * failed than `failureLimit`, or at the fifth error in a row. An empty vector is an error, since there is no `result[0]`.
 * NaN meets no condition: with a condition for success alone that is a failure.
 *
 * Errors are measured again after 10 seconds, which makes the fifth come sooner than here.
 */
export function argo(analysis: ArgoAnalysis): Rule {
  return (minutes) => {
    let failed = 0;
    let errors = 0;
    let inconclusive = 0;
    for (let minute = 0; minute < minutes.length; minute += 1) {
      const phase = phaseOf(analysis, measure(minutes, minute, analysis.window, analysis.orZero), requests(minute));
      errors = phase === 'error' ? errors + 1 : 0;
      failed += phase === 'failed' ? 1 : 0;
      inconclusive += phase === 'inconclusive' ? 1 : 0;
      if (failed > analysis.failureLimit || errors > CONSECUTIVE_ERROR_LIMIT) {
        return { end: 'aborted', minute: minute + 1 };
      }
      if (inconclusive > (analysis.guard?.limit ?? 0)) {
        return { end: 'held', minute: minute + 1 };
      }
    }
    return { end: 'promoted', minute: minutes.length };

    function requests(minute: number): number {
      const window = minutes.slice(Math.max(0, minute - analysis.window + 1), minute + 1);
      return window.reduce((sum, { candidate }) => sum + candidate.n, 0);
    }
  };
}

function phaseOf({ max, guard }: ArgoAnalysis, result: Measurement, requests: number) {
  if (guard !== undefined && (result === undefined || Number.isNaN(result) || requests <= guard.requests)) {
    return 'inconclusive';
  }
  if (result === undefined) {
    return 'error';
  }
  return result <= max ? 'successful' : 'failed';
}

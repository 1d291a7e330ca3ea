/** Options of {@link OutcomeMetric.reported} and {@link OutcomeMetric.reportedRatio}. */
export interface ReportedOutcomeOptions {
  /**
   * Largest value that counts as it is; larger ones count as it, and those below its negative as that (winsorizing). Choose
   * one when a few values are far larger than all others: see docs/guides/canary-rollout.md. Above 0.
   *
   * @default - values count as they are
   */
  readonly cap?: number;
}

/** Options of {@link OutcomeMetric.prometheus}. */
export interface PrometheusOutcomeOptions {
  /**
   * Address of the server, for example `http://prometheus.monitoring:9090`: `https://`, or `http://` inside the cluster. The
   * network policy lets the controller connect to it.
   */
  readonly url: string;

  /**
   * Query (PromQL) for the number of values of a version, with `{version}` in its place. All three queries give counters: one
   * series, or as many as there are processes, with the same labels.
   *
   * For example `shop_revenue_count{version="{version}"}`.
   */
  readonly count: string;

  /** Query for the sum of the values, for example `shop_revenue_sum{version="{version}"}`. */
  readonly sum: string;

  /** Query for the sum of the squares of the values, for example `shop_revenue_squares_sum{version="{version}"}`. */
  readonly sumOfSquares: string;
}

/** An outcome metric as it is declared. */
export interface DeclaredOutcome {
  readonly name: string;
  readonly source: 'reported' | 'prometheus';
  readonly ratio?: boolean;
  readonly cap?: number;
  readonly prometheus?: PrometheusOutcomeOptions;
}

/** Which way an outcome metric should go. */
export enum DesiredChange {
  /** More is better: revenue, clicks, minutes watched. */
  INCREASE = 'increase',
  /** Less is better: complaints, returned goods, retries. */
  DECREASE = 'decrease',
}

/**
 * What comes of the answers of a version, as an application sees it: revenue for each request, clicks, minutes watched.
 *
 * The values must be independent: several requests of one user are one value, their mean; or the metric is a ratio, of which
 * each user is one value.
 */
export class OutcomeMetric {
  /**
   * The mean of values that applications report to the controller: `POST` to `rollout.outcomesUrl`. Nothing has to be
   * installed.
   *
   * @param name what reports call it: lower-case letters, digits and '-'
   * @param options cap
   */
  public static reported(name: string, options: ReportedOutcomeOptions = {}): OutcomeMetric {
    return new OutcomeMetric({ ...options, name, source: 'reported' });
  }

  /**
   * The sum of reported values over the sum of their denominators, for example clicks for each impression, with both of a user
   * in one report. Its variance is that of the delta method.
   *
   * @param name what reports call it: lower-case letters, digits and '-'
   * @param options cap, of the values
   */
  public static reportedRatio(name: string, options: ReportedOutcomeOptions = {}): OutcomeMetric {
    return new OutcomeMetric({ ...options, name, source: 'reported', ratio: true });
  }

  /**
   * The mean of values that applications count for a Prometheus.
   *
   * @param name name in messages: lower-case letters, digits and '-'
   * @param options address and queries
   */
  public static prometheus(name: string, options: PrometheusOutcomeOptions): OutcomeMetric {
    return new OutcomeMetric({ name, source: 'prometheus', prometheus: options });
  }

  /** @internal */
  public readonly _outcome: DeclaredOutcome;

  private constructor(outcome: DeclaredOutcome) {
    this._outcome = outcome;
  }
}

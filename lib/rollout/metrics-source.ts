import type { Duration } from 'cdk8s';

/** Options of {@link MetricsSource.direct}. */
export interface DirectMetricsOptions {
  /**
   * Longest time for the answer of one proxy.
   *
   * @default - five seconds, or the interval if that is shorter
   */
  readonly timeout?: Duration;
}

/** Options of {@link MetricsSource.prometheus}. */
export interface PrometheusMetricsOptions {
  /**
   * Address of the server, for example `http://prometheus.monitoring:9090`: `https://`, or `http://` inside the cluster. The
   * network policy lets the controller connect to it.
   */
  readonly url: string;

  /**
   * Longest time for one answer.
   *
   * @default - five seconds, or the interval if that is shorter
   */
  readonly timeout?: Duration;
}

/** Where a rollout reads how many requests each version had, how many failed and how long they took. */
export class MetricsSource {
  /**
   * From every proxy of the gateway itself. The counts are exact, and nothing needs to be installed.
   *
   * @param options timeout
   */
  public static direct(options: DirectMetricsOptions = {}): MetricsSource {
    return new MetricsSource('direct', options.timeout);
  }

  /**
   * From a Prometheus that scrapes the gateway. Its `increase()` extrapolates, so counts are estimates.
   *
   * @param options address and timeout
   */
  public static prometheus(options: PrometheusMetricsOptions): MetricsSource {
    return new MetricsSource('prometheus', options.timeout, options.url);
  }

  /** @internal */
  public readonly _type: 'direct' | 'prometheus';

  /** @internal */
  public readonly _timeout: Duration | undefined;

  /** @internal */
  public readonly _url: string | undefined;

  private constructor(type: 'direct' | 'prometheus', timeout?: Duration, url?: string) {
    this._type = type;
    this._timeout = timeout;
    this._url = url;
  }
}

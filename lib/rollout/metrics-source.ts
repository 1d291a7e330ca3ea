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
   * Labels that the series of this gateway have, and those of others have not, such as `{ namespace: 'ml' }`: where one server
   * scrapes several gateways, in whose clusters models may be called alike. More proxies than there are is missing data.
   *
   * @default - the names of the models tell them apart
   */
  readonly labels?: { [label: string]: string };

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
   * From a Prometheus that scrapes the gateway: its raw counters, whose differences the controller takes itself.
   *
   * @param options address and timeout
   */
  public static prometheus(options: PrometheusMetricsOptions): MetricsSource {
    return new MetricsSource('prometheus', options.timeout, options.url, options.labels);
  }

  /** @internal */
  public readonly _type: 'direct' | 'prometheus';

  /** @internal */
  public readonly _timeout: Duration | undefined;

  /** @internal */
  public readonly _url: string | undefined;

  /** @internal */
  public readonly _labels: { [label: string]: string } | undefined;

  private constructor(
    type: 'direct' | 'prometheus',
    timeout?: Duration,
    url?: string,
    labels?: { [label: string]: string },
  ) {
    this._type = type;
    this._timeout = timeout;
    this._url = url;
    this._labels = labels;
  }
}

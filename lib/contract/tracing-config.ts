/** Spans of predictions, sent to a collector by OpenTelemetry's protocol over HTTP (OTLP). */
export interface TracingConfig {
  /** Address that takes traces, for example `http://collector.monitoring:4318/v1/traces`. */
  readonly url: string;

  /**
   * Share of the requests without a trace of their own that are recorded, from 0 to 1. A request that comes with a trace
   * (header `traceparent`) is recorded when its sender records it.
   */
  readonly sampleRatio: number;

  /** File with the value of the header `Authorization`. Absent = none. */
  readonly authorizationPath?: string;
}

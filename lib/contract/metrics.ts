/**
 * Names of the Prometheus metrics. Unit and type are in the name, as the Prometheus naming guide asks.
 */
export const METRICS = {
  /** Counter: requests answered, by model, version, protocol and code class. */
  requests: 'model_serving_requests_total',
  /** Histogram, seconds: arrival of the request to its answer. */
  requestDuration: 'model_serving_request_duration_seconds',
  /** Histogram, seconds: one run of the model. */
  inferenceDuration: 'model_serving_inference_duration_seconds',
  /** Histogram, rows: rows in one run of the model. */
  batchRows: 'model_serving_batch_rows',
  /** Gauge: requests accepted and not yet answered. */
  inFlight: 'model_serving_requests_in_flight',
  /** Gauge: 1 when loaded and warm, else 0. */
  modelReady: 'model_serving_model_ready',
  /** Gauge, seconds: verify, load and warm-up of the model. */
  modelLoadDuration: 'model_serving_model_load_seconds',
  /** Gauge, always 1: digest and format of the model as labels. */
  modelInfo: 'model_serving_model_info',
} as const;

/** Names of the metric labels; their values come from closed sets only. */
export const METRIC_LABELS = {
  model: 'model',
  version: 'version',
  /** `v1`, `v2` or `grpc`. */
  protocol: 'protocol',
  /** `2xx`, `4xx` or `5xx`. */
  codeClass: 'code',
  sha256: 'sha256',
  format: 'format',
} as const;

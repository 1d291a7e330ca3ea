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
  /** Histogram, seconds: what one request spent in one stage. */
  stageDuration: 'model_serving_stage_duration_seconds',
  /** Counter: predictions answered by the model or its response cache, by which. */
  predictions: 'model_serving_predictions_total',
  /** Counter: requests that were not run, by reason. */
  shed: 'model_serving_requests_shed_total',
  /** Gauge: requests that wait for a run. */
  queuedRequests: 'model_serving_queue_requests',
  /** Gauge, rows: rows that wait for a run. */
  queuedRows: 'model_serving_queue_rows',
  /** Gauge, seconds: how long the oldest waiting request has waited. */
  queueAge: 'model_serving_queue_oldest_seconds',
  /** Gauge, rows: most rows of several requests in one run. */
  batchLimit: 'model_serving_batch_rows_limit',
  /** Gauge: 1 for where the model runs, else 0. */
  placement: 'model_serving_model_placement',
  /** Counter: worker threads of a model that ended unexpectedly. */
  workerDeaths: 'model_serving_worker_deaths_total',
  /** Counter: look-ups in the response cache, by result. */
  cacheLookups: 'model_serving_response_cache_lookups_total',
  /** Gauge, bytes: what the response cache holds. */
  cacheBytes: 'model_serving_response_cache_bytes',
  /** Gauge: requests accepted and not yet answered. */
  inFlight: 'model_serving_requests_in_flight',
  /** Gauge: 1 when loaded and warm, else 0. */
  modelReady: 'model_serving_model_ready',
  /** Gauge, seconds: verify, load and warm-up of the model. */
  modelLoadDuration: 'model_serving_model_load_seconds',
  /** Gauge, always 1: digest and format of the model as labels. */
  modelInfo: 'model_serving_model_info',
  /** Counter: round trips to the feature store, by outcome. */
  featureStoreRequests: 'model_serving_feature_store_requests_total',
  /** Histogram, seconds: one round trip to the feature store. */
  featureStoreDuration: 'model_serving_feature_store_duration_seconds',
  /** Counter: round trips to the feature store that were tried again. */
  featureStoreRetries: 'model_serving_feature_store_retries_total',
  /** Gauge: 1 when there is a connection to the feature store, else 0. */
  featureStoreConnected: 'model_serving_feature_store_connected',
  /** Counter: values of features, one a row, by feature and outcome. */
  features: 'model_serving_features_total',
  /** Gauge: 1 for the state that the circuit breaker of a dependency is in, else 0. */
  breakerState: 'model_serving_circuit_breaker_state',
  /** Counter: requests that the fallback answered, by source and reason. */
  fallbackAnswers: 'model_serving_fallback_answers_total',
  /** Counter: requests that the fallback could not answer either, by source and reason. */
  fallbackFailures: 'model_serving_fallback_failures_total',
  /** Counter: events of the prediction log, by outcome. */
  predictionLogEvents: 'model_serving_prediction_log_events_total',
  /** Gauge: events of the prediction log that wait. */
  predictionLogQueue: 'model_serving_prediction_log_queued_events',
  /** Counter: credentials looked at, by result. */
  authentications: 'model_serving_authentications_total',
} as const;

/** Names of the metric labels; their values come from closed sets only. */
export const METRIC_LABELS = {
  model: 'model',
  version: 'version',
  /** `v1`, `v2` or `grpc`. */
  protocol: 'protocol',
  /** `2xx`, `4xx` or `5xx`. */
  codeClass: 'code',
  /** `queue`, `features`, `inference` or `serialization`. */
  stage: 'stage',
  /** `own`, `response-cache`, `default`, `cached` or `model`. */
  source: 'source',
  /** `deadline`, `queue-full`, `priority`, `expired` or `abandoned`. */
  reason: 'reason',
  /** `inline` or `worker`. */
  placement: 'placement',
  /** `hit`, `miss` or `shared`; of credentials `api-key`, `jwt` or why they were refused. */
  result: 'result',
  sha256: 'sha256',
  format: 'format',
  /** How something ended; the values belong to the metric. */
  outcome: 'outcome',
  /** Name of a declared feature. */
  feature: 'feature',
  /** `feature-store`, `prediction-log` or `prediction-table`. */
  dependency: 'dependency',
  /** `closed`, `half-open` or `open`. */
  state: 'state',
} as const;

/** Names of the Prometheus metrics of prediction lookups. Their labels are those of `METRIC_LABELS`, and what stands here. */
export const LOOKUP_METRICS = {
  /** Counter: round trips to the prediction table, by outcome. */
  storeRequests: 'model_serving_lookup_store_requests_total',
  /** Histogram, seconds: one round trip to the prediction table. */
  storeDuration: 'model_serving_lookup_store_duration_seconds',
  /** Counter: round trips to the prediction table that were tried again. */
  storeRetries: 'model_serving_lookup_store_retries_total',
  /** Gauge: 1 when there is a connection to the prediction table, else 0. */
  storeConnected: 'model_serving_lookup_store_connected',
  /** Counter: rows of requests, by where their prediction came from. */
  rows: 'model_serving_lookup_rows_total',
  /** Gauge: 1 when the table has a run that can be answered from, else 0. */
  runAvailable: 'model_serving_lookup_run_available',
  /** Gauge, seconds: time since the current run was completed. There is no series while there is no run. */
  runAge: 'model_serving_lookup_run_age_seconds',
  /** Gauge: 1 when the current run is older than it may be, else 0. */
  runStale: 'model_serving_lookup_run_stale',
  /** Gauge, rows: keys of the current run. */
  runRows: 'model_serving_lookup_run_rows',
  /** Gauge, always 1: the current run and the model that made it as labels. */
  runInfo: 'model_serving_lookup_run_info',
  /** Counter: how often another run became the current one. */
  runChanges: 'model_serving_lookup_run_changes_total',
} as const;

/** Names of the labels of {@link LOOKUP_METRICS} besides those of all metrics. */
export const LOOKUP_METRIC_LABELS = {
  /** `current`, `previous-run`, `default`, `missing`, `invalid` or `unavailable`. */
  source: 'source',
  /** Name of a run. */
  run: 'run',
  /** Name, version and digest of the model that made the predictions. */
  predictingModel: 'predicting_model',
  predictingVersion: 'predicting_version',
  sha256: 'sha256',
} as const;

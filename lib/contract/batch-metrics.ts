/** Names of the Prometheus metrics of a shard of a batch job. */
export const BATCH_METRICS = {
  /** Counter, rows: rows of this process that were scored, by outcome. */
  rows: 'model_serving_batch_rows_total',
  /** Gauge, rows: rows of the shard in the plan; NaN when the format does not tell. */
  plannedRows: 'model_serving_batch_planned_rows',
  /** Gauge: units of the shard, by state. */
  units: 'model_serving_batch_units',
  /** Gauge, rows a second: speed over the last minute. */
  rate: 'model_serving_batch_rows_per_second',
  /** Gauge, seconds: expected time until the shard is done; NaN when it is not known. */
  remaining: 'model_serving_batch_remaining_seconds',
  /** Histogram, seconds: what one unit spent in one stage. */
  unitDuration: 'model_serving_batch_unit_duration_seconds',
  /** Counter, bytes: downloaded and uploaded. */
  bytes: 'model_serving_batch_bytes_total',
} as const;

/** Names of the labels of {@link BATCH_METRICS}. */
export const BATCH_METRIC_LABELS = {
  job: 'batch_job',
  shard: 'shard',
  /** `predicted` or `error`. */
  outcome: 'outcome',
  /** `done` or `waiting`. */
  state: 'state',
  /** `download`, `score` or `upload`. */
  stage: 'stage',
  /** `read` or `written`. */
  direction: 'direction',
} as const;

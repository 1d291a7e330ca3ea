/** Names of the Prometheus metrics of a streaming consumer. */
export const STREAM_METRICS = {
  /** Counter, events: acknowledged at the source, by outcome. */
  events: 'model_serving_stream_events_total',
  /** Counter, events: dead letters, by class of their error. */
  deadLetters: 'model_serving_stream_dead_letters_total',
  /** Histogram, rows: events of one micro-batch. */
  batchRows: 'model_serving_stream_batch_rows',
  /** Histogram, seconds: what one micro-batch spent in one stage. */
  stageDuration: 'model_serving_stream_stage_duration_seconds',
  /** Histogram, seconds: from the event's own time to the acknowledgement of its prediction. */
  eventAge: 'model_serving_stream_event_age_seconds',
  /** Gauge, events: not yet acknowledged, by partition (`0` where there are none). */
  lag: 'model_serving_stream_lag',
  /** Gauge: partitions that are assigned to this process. */
  assigned: 'model_serving_stream_assigned_partitions',
  /** Counter: changes of the assignment. */
  rebalances: 'model_serving_stream_rebalances_total',
  /** Gauge: micro-batches between their fetch and their acknowledgement. */
  inFlight: 'model_serving_stream_batches_in_flight',
  /** Gauge, seconds: since the source was last asked for events. */
  pollAge: 'model_serving_stream_last_poll_age_seconds',
  /** Counter: failed attempts to write or acknowledge, by side. */
  retries: 'model_serving_stream_retries_total',
  /** Gauge: 1 while the sink holds back the source. */
  paused: 'model_serving_stream_paused',
} as const;

/** Names of the labels of {@link STREAM_METRICS}. */
export const STREAM_METRIC_LABELS = {
  consumer: 'stream_consumer',
  /** `predicted`, `fallback` or `dead-letter`. */
  outcome: 'outcome',
  /** `decode`, `features`, `inference`, `encode` or `deliver`. */
  stage: 'stage',
  partition: 'partition',
  /** Closed set: see {@link DEAD_LETTER_CLASSES}. */
  errorClass: 'error_class',
  /** `source`, `sink` or `dead-letter`. */
  side: 'side',
} as const;

/** Why an event is a dead letter. */
export const DEAD_LETTER_CLASSES = {
  /** The value is not of the declared format. */
  decode: 'decode',
  /** The schema of the value is not known to the registry, or cannot be read. */
  schema: 'schema',
  /** A field is absent, or not of the type or shape of the model's input. */
  mapping: 'mapping',
  /** The value is larger than what is accepted. */
  size: 'size',
  /** The model refuses the row. */
  inference: 'inference',
  /** The prediction does not fit the schema or the limits of the sink. */
  encode: 'encode',
  /** Delivered too often: those who tried it died. */
  deliveries: 'deliveries',
} as const;

/** Names of the headers of produced events and dead letters. */
export const STREAM_HEADERS = {
  /** Position of the consumed event and digest of the model: equal for all deliveries of one event. */
  eventId: 'model-serving-event-id',
  /** Key of the event, where the sink has no place of its own for it (NATS). */
  key: 'model-serving-event-key',
  model: 'model-serving-model',
  version: 'model-serving-version',
  /** SHA-256 of the model file. */
  digest: 'model-serving-model-sha256',
  /** Of what a prediction was made where it is not the model's: `fallback`. */
  predictionSource: 'model-serving-prediction-source',
  /** Dead letters: `topic/partition/offset`, or the like of other sources. */
  source: 'model-serving-source',
  errorClass: 'model-serving-error-class',
  error: 'model-serving-error',
} as const;

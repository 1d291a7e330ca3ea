/** Names of the Prometheus metrics of a gateway's agent. */
export const GATEWAY_METRICS = {
  /** Counter: routes written for the proxy. */
  routesWritten: 'model_serving_gateway_routes_written_total',
  /** Counter: routes that the proxy refused. */
  routesRejected: 'model_serving_gateway_routes_rejected_total',
  /** Gauge: 1 when the proxy serves the routes that are wanted, else 0. */
  routesApplied: 'model_serving_gateway_routes_applied',
  /** Gauge, from 0 to 1: share of the candidate that is wanted, by rollout. */
  candidateShare: 'model_serving_gateway_candidate_ratio',
  /** Gauge: 1 for where the numbers of a rollout come from, else 0. */
  splitSource: 'model_serving_gateway_split_source',
  /** Gauge: 1 while changes of the rollout's ConfigMap arrive, else 0. */
  watchConnected: 'model_serving_gateway_watch_connected',
  /** Gauge, seconds: time since the controller's last new heartbeat, or since the agent's start. */
  heartbeatAge: 'model_serving_gateway_heartbeat_age_seconds',
  /** Counter: requests that the proxy asked about, by result. */
  authorizations: 'model_serving_gateway_authorizations_total',
} as const;

/** Names of the labels of {@link GATEWAY_METRICS}. */
export const GATEWAY_METRIC_LABELS = {
  rollout: 'rollout',
  /** `manifest`, `split`, `abort` or `dead-man`. */
  source: 'source',
  /** `allowed`, `missing` or `invalid`. */
  result: 'result',
} as const;

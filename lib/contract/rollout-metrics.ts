/** Names of the Prometheus metrics of the controller of a rollout, on `ROLLOUT_PORTS.metrics`. All have the label `rollout`. */
export const ROLLOUT_METRICS = {
  /** Gauge: 1 for the phase that the rollout is in, else 0. */
  phase: 'model_serving_rollout_phase',
  /** Gauge: the step, from 1; 0 = none yet. */
  step: 'model_serving_rollout_step',
  /** Gauge: number of the declared steps. */
  steps: 'model_serving_rollout_steps',
  /** Gauge, from 0 to 1: the candidate's share of the requests, as it is meant to be. */
  weight: 'model_serving_rollout_candidate_weight_ratio',
  /** Gauge: 1 when every proxy serves the split that is meant, else 0. */
  applied: 'model_serving_rollout_split_applied',
  /** Gauge: requests that were counted in the current step, by version and outcome. */
  requests: 'model_serving_rollout_step_requests',
  /** Gauge: 1 for what the guardrail says, else 0. */
  verdict: 'model_serving_rollout_guardrail_outcome',
  /** Gauge: the evidence against the candidate, as the natural logarithm of a likelihood ratio. */
  evidence: 'model_serving_rollout_guardrail_log_ratio',
  /** Gauge: the evidence at which the guardrail fails. */
  threshold: 'model_serving_rollout_guardrail_log_ratio_threshold',
  /** Counter: entries of the decision log, by kind. */
  decisions: 'model_serving_rollout_decisions_total',
  /** Counter: looks, by what came of them. */
  looks: 'model_serving_rollout_looks_total',
  /** Counter: looks at which counts were missing. */
  missingData: 'model_serving_rollout_missing_data_total',
  /** Gauge: 1 when this process leads, else 0. */
  leader: 'model_serving_rollout_leader',
  /** Counter: mirrored requests to compare, by outcome. */
  comparisons: 'model_serving_rollout_comparisons_total',
  /** Counter: values that applications reported, and refused reports, by what came of them. */
  outcomes: 'model_serving_rollout_outcomes_total',
  /** Counter: notifications, by outcome. */
  notifications: 'model_serving_rollout_notifications_total',
} as const;

/** Names of the labels of {@link ROLLOUT_METRICS}; their values come from closed sets only. */
export const ROLLOUT_METRIC_LABELS = {
  /** Name of the rollout. */
  rollout: 'rollout',
  phase: 'phase',
  /** Name of a guardrail. */
  guardrail: 'guardrail',
  /** `stable`, `candidate`, `shadow` (mirrored) or `pin` (by the header of a step). */
  arm: 'arm',
  /** Kind of a decision. */
  kind: 'kind',
  outcome: 'outcome',
} as const;

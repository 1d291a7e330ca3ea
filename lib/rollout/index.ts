export * from './canary-rollout';
export * from './canary-rollout-props';
export {
  type AnalysisStepOptions,
  CanaryStep,
  type HeaderStepOptions,
  type ShadowStepOptions,
  type WeightStepOptions,
} from './canary-step';
export {
  type DisagreementGuardrailOptions,
  type ErrorRateGuardrailOptions,
  type ErrorRateIncreaseGuardrailOptions,
  Guardrail,
  type GuardrailOptions,
  type LatencyGuardrailOptions,
  type LatencyIncreaseGuardrailOptions,
  type OutcomeGuardrailOptions,
} from './guardrail';
export * from './metrics-source';
export * from './missing-data';
export * from './notification';
export {
  DesiredChange,
  OutcomeMetric,
  type PrometheusOutcomeOptions,
  type ReportedOutcomeOptions,
} from './outcome-metric';
export type { StepForecast } from './step-forecast';
export * from './stickiness';

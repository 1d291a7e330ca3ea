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
} from './guardrail';
export * from './metrics-source';
export * from './missing-data';
export * from './notification';
export type { StepForecast } from './step-forecast';
export * from './stickiness';

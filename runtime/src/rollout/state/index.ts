export {
  type ArmCounts,
  type ArmSums,
  addCounts,
  addInterval,
  addOutcomes,
  type ComparisonCounts,
  emptyStep,
  type IntervalCounts,
  NO_COMPARISONS,
  NO_COUNTS,
  NO_OUTCOMES,
  type OutcomeSums,
  type StepCounts,
} from './counts';
export { DECISION_KINDS, type Decision, type DecisionContent, type DecisionKind, decisionOf } from './decision';
export { appendDecisions } from './decision-log';
export { digestOf } from './digest';
export { type Remembered, readState } from './read-state';
export {
  type Holder,
  NEW_CLOCK,
  type PauseReason,
  type Phase,
  type RolloutState,
  STATE_SCHEMA,
  type StepClock,
} from './rollout-state';

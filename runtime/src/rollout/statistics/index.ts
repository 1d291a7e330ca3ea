export { assign, type Variant } from './assignment';
export {
  classAgreement,
  latencyShift,
  mcNemar,
  type PairedOutcomes,
  pairedT,
  populationStability,
  wilcoxon,
} from './comparison';
export type { ArmCounts, Stratum } from './counts';
export type { Evidence, EvidenceValue, Judgement, Outcome, SequentialState } from './evidence';
export { holm } from './holm';
export { type IncreaseInput, judgeIncrease } from './increase';
export { judgeLevel, type LevelInput } from './level';
export { judgeMean, type MeanInput } from './mean';
export { reportProportions } from './proportions-report';
export type { Report } from './report';
export { judgeSampleRatio, type SampleRatioInput } from './sample-ratio';
export { fixedSamplesNeeded, type SamplePlan, samplesNeeded } from './samples-needed';
export { judgeShadow, type ShadowInput } from './shadow';
export { type ArmSums as Moments, addSums as addMoments, type MeanStratum, NO_SUMS as NO_MOMENTS } from './sums';
export { combineVerdicts, type Verdict } from './verdict';
export { welch } from './welch';

export { classAgreement, mcNemar, type PairedOutcomes } from './class-agreement';
export { latencyShift } from './latency-shift';
export { pairedT } from './paired-t';
export { populationStability } from './population-stability';
export { wilcoxon } from './wilcoxon';

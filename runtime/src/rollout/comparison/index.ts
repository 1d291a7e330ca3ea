export { ask } from './ask';
export { COMPARISON_OUTCOMES, Comparison, type ComparisonOutcome } from './comparison';
export { takeMirrored } from './endpoint';

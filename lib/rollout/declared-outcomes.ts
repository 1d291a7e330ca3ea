import type { OutcomeMetricConfig } from '../contract';
import type { Guardrail } from './guardrail';
import type { DeclaredOutcome } from './outcome-metric';

/** The metrics of all outcome guardrails, each once. */
export function outcomesOf(guardrails: Guardrail[]): DeclaredOutcome[] {
  const outcomes = guardrails.flatMap(({ _guardrail: { outcome } }) => (outcome === undefined ? [] : [outcome]));
  return [...new Map(outcomes.map((outcome) => [outcome.name, outcome])).values()];
}

/** Whether applications report values of a metric to the controller. */
export function hasReports(guardrails: Guardrail[]): boolean {
  return outcomesOf(guardrails).some(({ source }) => source === 'reported');
}

/** A metric as the controller reads it. */
export function renderOutcome({ name, source, ratio, cap, prometheus }: DeclaredOutcome): OutcomeMetricConfig {
  return {
    name,
    source,
    ratio,
    cap,
    url: prometheus?.url,
    queries: prometheus && {
      count: prometheus.count,
      sum: prometheus.sum,
      sumSquares: prometheus.sumOfSquares,
    },
  };
}

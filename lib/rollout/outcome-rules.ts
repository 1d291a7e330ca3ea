import { VERSION_PLACEHOLDER } from '../contract';
import { checkWebAddress, quote, RULES, type Violation, violation } from '../kubernetes';
import type { CanaryStep } from './canary-step';
import { outcomesOf } from './declared-outcomes';
import type { Guardrail } from './guardrail';
import type { DeclaredOutcome, PrometheusOutcomeOptions } from './outcome-metric';

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const QUERIES = ['count', 'sum', 'sumOfSquares'] as const satisfies (keyof PrometheusOutcomeOptions)[];

/** Checks the metrics of outcome guardrails, and that a step has outcomes. */
export function checkOutcomes(guardrails: Guardrail[], steps: CanaryStep[]): Violation[] {
  const outcomes = guardrails.flatMap(({ _guardrail: { outcome } }) => (outcome === undefined ? [] : [outcome]));
  return [
    ...outcomesOf(guardrails).flatMap(checkMetric),
    ...checkClashes(outcomes),
    ...(outcomes.length > 0 && !steps.some(({ _step: { type } }) => type === 'weight')
      ? guardrails.filter(({ _guardrail: { outcome } }) => outcome !== undefined).map(notMeasured)
      : []),
  ];
}

function checkMetric({ name, cap, prometheus }: DeclaredOutcome): Violation[] {
  const problems = [
    ...(NAME.test(name) ? [] : [`has the name ${quote(name)}`]),
    ...(cap === undefined || (cap > 0 && Number.isFinite(cap)) ? [] : [`has the cap ${quote(cap)}`]),
    ...(prometheus === undefined
      ? []
      : QUERIES.filter((key) => !prometheus[key].includes(VERSION_PLACEHOLDER)).map(
          (key) => `has the query ${key} ${quote(prometheus[key])}`,
        )),
  ];
  return [
    ...problems.map((what) =>
      violation(
        RULES.outcomeMetric,
        `The outcome metric ${quote(name)} ${what}.`,
        `Write for example OutcomeMetric.reported('revenue', { cap: 500 }), or a query such as shop_revenue_count{version="${VERSION_PLACEHOLDER}"}.`,
      ),
    ),
    ...(prometheus === undefined
      ? []
      : checkWebAddress(
          RULES.rolloutAddress,
          `The url of the outcome metric ${quote(name)}`,
          prometheus.url,
          'http://prometheus.monitoring:9090',
        )),
  ];
}

/** Several guardrails may watch a metric; it is one only when it is declared alike. */
function checkClashes(outcomes: DeclaredOutcome[]): Violation[] {
  const texts = new Map(outcomes.map((outcome) => [outcome.name, new Set<string>()]));
  for (const outcome of outcomes) {
    texts.get(outcome.name)?.add(JSON.stringify(outcome));
  }
  return [...texts]
    .filter(([, { size }]) => size > 1)
    .map(([name, { size }]) =>
      violation(
        RULES.outcomeMetric,
        `The outcome metric ${quote(name)} is declared in ${size} ways.`,
        'Give each a name of its own, or use one OutcomeMetric for all guardrails of it.',
      ),
    );
}

function notMeasured({ _guardrail: { name } }: Guardrail): Violation {
  return violation(
    RULES.measuredOutcomes,
    `The guardrail ${quote(name)} is there, and no step gives the candidate a share.`,
    'Add CanaryStep.weight(10, { minDuration: Duration.minutes(10), minSamples: 1000 }).',
  );
}

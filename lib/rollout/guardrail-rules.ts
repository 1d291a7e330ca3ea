import { millisOf, quote, RULES, type Violation, violation } from '../kubernetes';
import { type DeclaredGuardrail, type Guardrail, LEAST_VALUES } from './guardrail';
import { isSampleCount } from './sample-count';

const LEAST_CONFIDENCE = 0.5;
const LONGEST_BUDGET_MILLIS = 30 * 60_000;
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Checks guardrails as they are declared. */
export function checkGuardrails(guardrails: Guardrail[]): Violation[] {
  const declared = guardrails.map(({ _guardrail }) => _guardrail);
  const found = declared.length === 0 ? [noGuardrail()] : [];
  return [...found, ...declared.flatMap(checkName), ...declared.flatMap(checkLimits), ...declared.flatMap(checkBudget)];
}

function noGuardrail(): Violation {
  return violation(RULES.guardrails, 'guardrails is empty.', 'Write for example [Guardrail.errorRate({ max: 0.01 })].');
}

function checkName({ name }: DeclaredGuardrail, index: number, all: DeclaredGuardrail[]): Violation[] {
  const first = all.findIndex((other) => other.name === name);
  if (NAME.test(name) && first === index) {
    return [];
  }
  const what = NAME.test(name) ? `, as has guardrails[${first}]` : '';
  return [
    violation(
      RULES.guardrailName,
      `guardrails[${index}] has the name ${quote(name)}${what}.`,
      "Give it a name of its own, as in name: 'error-rate-strict'.",
    ),
  ];
}

function checkLimits(guardrail: DeclaredGuardrail): Violation[] {
  const { name, type, max = 0, margin = 0, tolerance = 0, confidence, minSamples } = guardrail;
  const shareName = type.startsWith('latency') ? 'maxShareOver' : 'max';
  const problems = [
    ...(max >= 0 && max < 1 ? [] : [`${shareName} ${quote(max)}`]),
    ...(margin >= 0 && margin < (type === 'outcome' ? Number.POSITIVE_INFINITY : 1)
      ? []
      : [`the margin ${quote(margin)}`]),
    ...(tolerance >= 0 && Number.isFinite(tolerance) ? [] : [`the tolerance ${quote(tolerance)}`]),
    ...(confidence >= LEAST_CONFIDENCE && confidence < 1 ? [] : [`the confidence ${quote(confidence)}`]),
    ...(isSampleCount(minSamples) && (type !== 'outcome' || minSamples >= LEAST_VALUES)
      ? []
      : [`minSamples ${quote(minSamples)}`]),
  ];
  return problems.map((what) =>
    violation(
      RULES.guardrailLimits,
      `The guardrail ${quote(name)} has ${what}.`,
      'Write for example Guardrail.errorRate({ max: 0.01, confidence: 0.99 }).',
    ),
  );
}

function checkBudget({ name, budget }: DeclaredGuardrail): Violation[] {
  const millis = budget === undefined ? 1 : millisOf(budget);
  return Number.isInteger(millis) && millis >= 1 && millis <= LONGEST_BUDGET_MILLIS
    ? []
    : [
        violation(
          RULES.latencyBudget,
          `The guardrail ${quote(name)} has the budget ${budget?.toHumanString()}.`,
          'Write for example Duration.millis(100).',
        ),
      ];
}

import type { Rule } from './rules';

const DOCUMENTATION = 'https://github.com/cdk8s-model-serving/cdk8s-model-serving/blob/main/docs/rules.md';

/** One broken rule. */
export interface Violation {
  readonly rule: Rule;

  /** What was found, with the value, as a sentence. */
  readonly found: string;

  /** What to do, as a sentence; code where that helps. */
  readonly fix: string;
}

/** Makes a {@link Violation}. */
export function violation(rule: Rule, found: string, fix: string): Violation {
  return { rule, found, fix };
}

/** Address of a rule's entry in the documentation. */
export function ruleAddress(rule: Rule): string {
  return `${DOCUMENTATION}#${rule.code.toLowerCase()}`;
}

/** A violation as people read it: code, finding, rule, fix, address. */
export function formatViolation({ rule, found, fix }: Violation): string {
  return [`${rule.code} ${found}`, `Rule: ${rule.statement}`, `Fix: ${fix}`, `See ${ruleAddress(rule)}`].join(
    '\n      ',
  );
}

/** A value as it is shown in a message: quoted, shortened, without line breaks. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const line = text.replace(/\s+/g, ' ');
  return `'${line.length > 120 ? `${line.slice(0, 117)}...` : line}'`;
}

import { LABEL_KEYS, MANAGED_BY, quote, RULES, ruleAddress } from '../kubernetes';
import { OBJECT_CHECKS, WORKLOAD_CHECKS } from './checks';
import type { Finding } from './finding';
import { Manifests, type Workload } from './manifests';

/** Properties of {@link ServingPolicy}: `properties` of the entry in cdk8s.yaml. */
export interface ServingPolicyProps {
  /**
   * Codes of rules that are not checked, for example `['MS1602']`.
   *
   * @default - all rules are checked
   */
  readonly ignore?: string[];

  /**
   * Whether a warning fails the validation too.
   *
   * @default false
   */
  readonly strict?: boolean;

  /**
   * Whether workloads that this library did not make are checked too.
   *
   * @default false
   */
  readonly allWorkloads?: boolean;
}

/**
 * Checks finished manifests, with everything that patches and other programs changed: a validation plugin for
 * `cdk8s synth`. The rules are those of the constructs, and a few that only manifests can break.
 *
 * In cdk8s.yaml:
 *
 *     validations:
 *       - package: ./node_modules/cdk8s-model-serving
 *         version: 0.1.0
 *         class: ServingPolicy
 *         properties:
 *           strict: true
 *
 * @see https://cdk8s.io/docs/latest/cli/synth/#validations
 */
export class ServingPolicy {
  private readonly ignored: string[];
  private readonly strict: boolean;
  private readonly allWorkloads: boolean;

  public constructor(props: ServingPolicyProps = {}) {
    checkProps(props);
    this.ignored = props.ignore ?? [];
    this.strict = props.strict ?? false;
    this.allWorkloads = props.allWorkloads ?? false;
  }

  /**
   * Called by the cdk8s command line.
   *
   * @param context its `ValidationContext`: the files to check, a parser for them, and the report
   */
  public async validate(context: unknown): Promise<void> {
    const validation = asContext(context);
    const { manifests, report } = validation;
    const documents = manifests.flatMap((path) => validation.parseManifest(path).map((content) => ({ path, content })));
    const found = this.check(new Manifests(documents));
    for (const group of groups(found)) {
      report.addViolation(group);
    }
    const errors = found.filter(({ rule }) => rule.severity === 'error' || this.strict);
    report.submit(errors.length === 0 ? 'success' : 'failure', {
      errors: String(errors.length),
      warnings: String(found.length - errors.length),
    });
  }

  private check(manifests: Manifests): Finding[] {
    const workloads = manifests.workloads.filter((workload) => this.allWorkloads || isManaged(workload));
    return [
      ...workloads.flatMap((workload) => WORKLOAD_CHECKS.flatMap((check) => check(workload, manifests))),
      ...manifests.objects.flatMap((object) => OBJECT_CHECKS.flatMap((check) => check(object, manifests))),
    ].filter(({ rule }) => !this.ignored.includes(rule.code));
  }
}

/** The properties come from a YAML file, where nothing else notices a misspelt name. */
function checkProps(props: ServingPolicyProps): void {
  const known = ['ignore', 'strict', 'allWorkloads'];
  const codes: string[] = Object.values(RULES).map(({ code }) => code);
  const problems = [
    ...Object.keys(props)
      .filter((name) => !known.includes(name))
      .map((name) => `it has no property ${quote(name)}; there are ${known.join(', ')}`),
    ...(props.ignore ?? [])
      .filter((code) => !codes.includes(code))
      .map((code) => `ignore has ${quote(code)}, which is the code of no rule; see docs/rules.md`),
  ];
  if (problems.length > 0) {
    throw new Error(`ServingPolicy: ${problems.join('. ')}.`);
  }
}

/** What is used of the `ValidationContext` of cdk8s-cli, which is no dependency. */
interface ValidationContext {
  readonly manifests: string[];
  readonly report: ValidationReport;
  parseManifest(path: string): unknown[];
}

interface ValidationReport {
  addViolation(violation: ReportedViolation): void;
  submit(status: 'success' | 'failure', metadata: { [key: string]: string }): void;
}

interface ReportedViolation {
  readonly ruleName: string;
  readonly recommendation: string;
  readonly fix: string;
  readonly violatingResources: { resourceName: string; locations: string[]; manifestPath: string }[];
}

function asContext(context: unknown): ValidationContext {
  const { manifests, report, parseManifest } = Object(context);
  if (!Array.isArray(manifests) || typeof report !== 'object' || typeof parseManifest !== 'function') {
    throw new Error('ServingPolicy is a validation plugin: name it under `validations` in cdk8s.yaml.');
  }
  return context as ValidationContext;
}

function isManaged({ podLabels }: Workload): boolean {
  return podLabels[LABEL_KEYS.managedBy] === MANAGED_BY;
}

/** Findings with the same rule and the same fix as one entry of the report. */
function groups(found: Finding[]): ReportedViolation[] {
  const reported = new Map<string, ReportedViolation>();
  for (const { rule, fix, found: problem, object } of found) {
    const key = `${rule.code} ${fix}`;
    const violation = reported.get(key) ?? {
      ruleName: `${rule.code} ${rule.title}${rule.severity === 'warning' ? ' (warning)' : ''}`,
      recommendation: `${rule.statement} ${rule.why}`,
      fix: `${fix} See ${ruleAddress(rule)}`,
      violatingResources: [],
    };
    violation.violatingResources.push({
      resourceName: object.name,
      locations: [`${object.kind}: ${problem}`],
      manifestPath: object.path,
    });
    reported.set(key, violation);
  }
  return [...reported.values()];
}

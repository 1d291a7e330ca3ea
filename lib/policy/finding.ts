import type { Rule, Violation } from '../kubernetes';
import type { KubernetesObject, Manifests, Workload } from './manifests';

/** One broken rule in the manifests. */
export interface Finding extends Violation {
  readonly object: KubernetesObject;
}

/** Looks at one workload. */
export type WorkloadCheck = (workload: Workload, manifests: Manifests) => Finding[];

/** Looks at one object of any kind. */
export type ObjectCheck = (object: KubernetesObject, manifests: Manifests) => Finding[];

/** Makes a {@link Finding}. */
export function finding(object: KubernetesObject, rule: Rule, found: string, fix: string): Finding {
  return { object, rule, found, fix };
}

/** Violations of an object as findings. */
export function findings(object: KubernetesObject, violations: Violation[]): Finding[] {
  return violations.map((violation) => ({ object, ...violation }));
}

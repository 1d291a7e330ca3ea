import { checkDisruptionBudget, type DisruptionBudget } from './disruption-budget';
import { RULES } from './rules';
import { checkScaling, isAutoscaled, type Scaling } from './scaling';
import { quote, type Violation, violation } from './violation';

/** Replicas as they are declared, and as they are decided. */
export interface DeclaredReplicas {
  /** The property `replicas`. */
  readonly replicas?: number;
  /** The property `scaling`. */
  readonly scaling?: Scaling;
}

/** Checks the replicas of a Deployment: that one property says how many, and that a disruption leaves some. */
export function checkReplicas(
  declared: DeclaredReplicas,
  { scaling, disruptionBudget }: { readonly scaling: Scaling; readonly disruptionBudget: DisruptionBudget },
): Violation[] {
  const found = [...checkScaling(scaling), ...checkDisruptionBudget(disruptionBudget, scaling.minReplicas)];
  if (declared.replicas !== undefined && declared.scaling !== undefined) {
    found.push(
      violation(
        RULES.oneReplicaOwner,
        `replicas is ${quote(declared.replicas)}, and scaling is set too.`,
        isAutoscaled(scaling)
          ? 'Remove replicas; scaling has minReplicas and maxReplicas.'
          : 'Remove one of them; Scaling.fixed(n) is the same as replicas: n.',
      ),
    );
  }
  return found;
}

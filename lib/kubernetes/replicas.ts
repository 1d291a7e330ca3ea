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

/** Replicas as they are decided. */
export interface DecidedReplicas {
  readonly scaling: Scaling;
  readonly disruptionBudget: DisruptionBudget;
}

/**
 * Checks the replicas of a Deployment or a StatefulSet: that one property says how many, and that a disruption leaves some.
 *
 * @param hasLag whether there is a lag to scale on: that of a stream
 */
export function checkReplicas(
  declared: DeclaredReplicas,
  { scaling, disruptionBudget }: DecidedReplicas,
  hasLag: boolean = false,
): Violation[] {
  const found = [...checkScaling(scaling), ...checkDisruptionBudget(disruptionBudget, scaling.minReplicas)];
  if (scaling._targetLag !== undefined && !hasLag) {
    found.push(
      violation(RULES.lagScaling, 'scaling is Scaling.onLag.', 'Write Scaling.onCpu, or a fixed number of replicas.'),
    );
  }
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

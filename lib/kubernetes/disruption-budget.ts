import type { Json } from './json';
import type { Labels } from './labels';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

/**
 * How many replicas may be away at once when nodes are drained, for example during an upgrade of the cluster.
 *
 * @see https://kubernetes.io/docs/tasks/run-application/configure-pdb/
 */
export class DisruptionBudget {
  /**
   * At most so many replicas are evicted at the same time.
   *
   * @param replicas number of replicas, at least 1
   */
  public static maxUnavailable(replicas: number): DisruptionBudget {
    return new DisruptionBudget('maxUnavailable', replicas);
  }

  /**
   * At least so many replicas stay.
   *
   * @param replicas number of replicas, less than there are
   */
  public static minAvailable(replicas: number): DisruptionBudget {
    return new DisruptionBudget('minAvailable', replicas);
  }

  /** No budget: a drain may evict all replicas at once. */
  public static none(): DisruptionBudget {
    return new DisruptionBudget(undefined, 0);
  }

  /** @internal */
  public readonly _field: 'maxUnavailable' | 'minAvailable' | undefined;

  /** @internal */
  public readonly _replicas: number;

  private constructor(field: 'maxUnavailable' | 'minAvailable' | undefined, replicas: number) {
    this._field = field;
    this._replicas = replicas;
  }
}

/** `spec` of a PodDisruptionBudget; `undefined` when there is to be none. */
export function renderDisruptionBudget(budget: DisruptionBudget, selector: Labels): Json | undefined {
  return budget._field === undefined
    ? undefined
    : {
        [budget._field]: budget._replicas,
        // A pod that does not answer anyway never blocks a drain.
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: { ...selector } },
      };
}

/** Checks that a budget lets at least one of the replicas go. */
export function checkDisruptionBudget(budget: DisruptionBudget, minReplicas: number): Violation[] {
  const { _field: field, _replicas: replicas } = budget;
  if (field === undefined) {
    return [];
  }
  const blocks = field === 'maxUnavailable' ? replicas < 1 : replicas >= minReplicas;
  return Number.isInteger(replicas) && replicas >= 0 && !blocks
    ? []
    : [
        violation(
          RULES.evictablePod,
          `disruptionBudget has ${field} ${quote(replicas)}, and there are ${minReplicas} replicas.`,
          'Write DisruptionBudget.maxUnavailable(1), or raise the number of replicas.',
        ),
      ];
}

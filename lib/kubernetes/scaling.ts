import type { Json } from './json';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

const DEFAULT_MIN_REPLICAS = 2;
const DEFAULT_TARGET_UTILIZATION = 70;
const SCALE_DOWN_WINDOW_SECONDS = 300;
const LONGEST_WINDOW_SECONDS = 3600;

/** Options of {@link Scaling.onCpu}. */
export interface CpuScalingOptions {
  /**
   * CPU use of the serving container that the autoscaler keeps, in percent of its CPU request.
   *
   * @default 70
   */
  readonly targetUtilization?: number;

  /**
   * Smallest number of replicas.
   *
   * @default 2
   */
  readonly minReplicas?: number;

  /** Largest number of replicas. */
  readonly maxReplicas: number;
}

/**
 * How many replicas there are, and who decides.
 *
 * Declared here, in the lowest room, because every construct that runs replicas takes it; which engine scales is decided
 * above, in the room `scaling`.
 */
export class Scaling {
  /**
   * Always the same number of replicas.
   *
   * @param replicas number of replicas
   */
  public static fixed(replicas: number): Scaling {
    return new Scaling(replicas, replicas);
  }

  /**
   * As many replicas as keep the CPU use near a target (a HorizontalPodAutoscaler; it needs a metrics server).
   *
   * The CPU of the serving container alone counts. Replicas are added at once, at most doubling every 30 seconds, and
   * removed one a minute after five quiet minutes, or three times the load time of the model if that is longer.
   *
   * @param options target and range
   */
  public static onCpu(options: CpuScalingOptions): Scaling {
    return new Scaling(
      options.minReplicas ?? DEFAULT_MIN_REPLICAS,
      options.maxReplicas,
      options.targetUtilization ?? DEFAULT_TARGET_UTILIZATION,
    );
  }

  /** Smallest number of replicas. */
  public readonly minReplicas: number;

  /** Largest number of replicas. */
  public readonly maxReplicas: number;

  /**
   * CPU use to keep, in percent of the request; `undefined` when no autoscaler decides.
   *
   * @internal
   */
  public readonly _targetUtilization: number | undefined;

  private constructor(minReplicas: number, maxReplicas: number, targetUtilization?: number) {
    this.minReplicas = minReplicas;
    this.maxReplicas = maxReplicas;
    this._targetUtilization = targetUtilization;
  }
}

/** Whether an autoscaler owns the number of replicas. */
export function isAutoscaled(scaling: Scaling): boolean {
  return scaling._targetUtilization !== undefined;
}

/** What a HorizontalPodAutoscaler is made of. */
export interface AutoscalerInput {
  readonly scaling: Scaling;
  /** Name of the Deployment. */
  readonly target: string;
  /** Name of the container whose CPU counts. */
  readonly container: string;
  /** Longest load time of the model: capacity that is slow to come back is given up slowly. */
  readonly loadMillis: number;
}

/**
 * `spec` of a HorizontalPodAutoscaler.
 *
 * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
 */
export function renderAutoscaler({ scaling, target, container, loadMillis }: AutoscalerInput): Json {
  return {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target },
    minReplicas: scaling.minReplicas,
    maxReplicas: scaling.maxReplicas,
    metrics: [
      {
        type: 'ContainerResource',
        containerResource: {
          name: 'cpu',
          container,
          target: { type: 'Utilization', averageUtilization: scaling._targetUtilization },
        },
      },
    ],
    behavior: {
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'Max',
        policies: [
          { type: 'Percent', value: 100, periodSeconds: 30 },
          { type: 'Pods', value: 4, periodSeconds: 30 },
        ],
      },
      scaleDown: {
        stabilizationWindowSeconds: Math.min(
          LONGEST_WINDOW_SECONDS,
          Math.max(SCALE_DOWN_WINDOW_SECONDS, Math.ceil((3 * loadMillis) / 1000)),
        ),
        policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }],
      },
    },
  };
}

/** Checks the number of replicas, however it is given. */
export function checkScaling(scaling: Scaling): Violation[] {
  const found: Violation[] = [];
  const { minReplicas, maxReplicas, _targetUtilization: target } = scaling;
  for (const count of new Set([minReplicas, maxReplicas])) {
    if (!Number.isInteger(count) || count < 1) {
      found.push(violation(RULES.replicas, `The number of replicas is ${quote(count)}.`, 'Write 1 or more.'));
    }
  }
  if (minReplicas > maxReplicas) {
    found.push(
      violation(
        RULES.replicaRange,
        `scaling has minReplicas ${minReplicas} and maxReplicas ${maxReplicas}.`,
        'Lower minReplicas, or raise maxReplicas.',
      ),
    );
  }
  if (target !== undefined && !(Number.isInteger(target) && target >= 1 && target <= 100)) {
    found.push(
      violation(
        RULES.targetUtilization,
        `scaling has a targetUtilization of ${quote(target)}.`,
        'Write a percentage, for example 70.',
      ),
    );
  }
  return found;
}

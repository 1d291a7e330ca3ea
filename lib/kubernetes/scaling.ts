import type { Json } from './json';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

const DEFAULT_MIN_REPLICAS = 2;
const DEFAULT_TARGET_UTILIZATION = 70;
const DEFAULT_LAG_MIN_REPLICAS = 1;
const SCALE_DOWN_WINDOW_SECONDS = 300;
const LONGEST_WINDOW_SECONDS = 3600;
const LAG_POLLING_SECONDS = 15;
const LAG_FAILURES = 3;

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

/** Options of {@link Scaling.onLag}. */
export interface LagScalingOptions {
  /** Events without an acknowledgement that one replica may have, on average: a few seconds of its work. */
  readonly target: number;

  /**
   * Smallest number of replicas; 0 = none while nothing waits.
   *
   * @default 1
   */
  readonly minReplicas?: number;

  /** Largest number of replicas. More than the topic has partitions never have work. */
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

  /**
   * As many replicas of a streaming consumer as keep the events that wait for each near a target (a ScaledObject of KEDA,
   * which has to be installed).
   *
   * Replicas are added at once, at most doubling every 30 seconds, and removed one a minute after five quiet minutes. While
   * the lag cannot be read, there are at least as many as there were.
   *
   * @param options target and range
   * @see https://keda.sh/docs/latest/concepts/scaling-deployments/
   */
  public static onLag(options: LagScalingOptions): Scaling {
    return new Scaling(options.minReplicas ?? DEFAULT_LAG_MIN_REPLICAS, options.maxReplicas, undefined, options.target);
  }

  /** Smallest number of replicas. */
  public readonly minReplicas: number;

  /** Largest number of replicas. */
  public readonly maxReplicas: number;

  /**
   * CPU use to keep, in percent of the request; `undefined` when it does not decide.
   *
   * @internal
   */
  public readonly _targetUtilization: number | undefined;

  /**
   * Events that wait for each replica, to keep; `undefined` when they do not decide.
   *
   * @internal
   */
  public readonly _targetLag: number | undefined;

  private constructor(minReplicas: number, maxReplicas: number, targetUtilization?: number, targetLag?: number) {
    this.minReplicas = minReplicas;
    this.maxReplicas = maxReplicas;
    this._targetUtilization = targetUtilization;
    this._targetLag = targetLag;
  }
}

/** Whether an autoscaler owns the number of replicas. */
export function isAutoscaled(scaling: Scaling): boolean {
  return scaling._targetUtilization !== undefined || scaling._targetLag !== undefined;
}

/** What a HorizontalPodAutoscaler is made of. */
export interface AutoscalerInput {
  readonly scaling: Scaling;
  /** Name of the Deployment or the StatefulSet. */
  readonly target: string;
  /** Kind of the target. Absent = Deployment. */
  readonly targetKind?: 'Deployment' | 'StatefulSet';
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
export function renderAutoscaler(input: AutoscalerInput): Json {
  const { scaling, target, targetKind = 'Deployment', container, loadMillis } = input;
  return {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: targetKind, name: target },
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
    behavior: renderScalingBehavior(loadMillis),
  };
}

/** What a ScaledObject is made of. */
export interface ScaledObjectInput extends Omit<AutoscalerInput, 'container'> {
  /** What KEDA asks for the lag. */
  readonly triggers: Json[];
}

/**
 * `spec` of a ScaledObject.
 *
 * @see https://keda.sh/docs/latest/reference/scaledobject-spec/
 */
export function renderScaledObject(input: ScaledObjectInput): Json {
  const { scaling, target, targetKind = 'Deployment', loadMillis, triggers } = input;
  return {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: targetKind, name: target },
    pollingInterval: LAG_POLLING_SECONDS,
    minReplicaCount: scaling.minReplicas,
    maxReplicaCount: scaling.maxReplicas,
    // An unknown lag is no reason to take capacity away: KEDA itself would go to the smallest number.
    fallback: {
      failureThreshold: LAG_FAILURES,
      replicas: Math.max(1, scaling.minReplicas),
      behavior: 'currentReplicasIfHigher',
    },
    advanced: { horizontalPodAutoscalerConfig: { behavior: renderScalingBehavior(loadMillis) } },
    triggers,
  };
}

/** Up at once, down slowly. */
function renderScalingBehavior(loadMillis: number): Json {
  return {
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
  };
}

/** Checks the number of replicas, however it is given. */
export function checkScaling(scaling: Scaling): Violation[] {
  const found: Violation[] = [];
  const { minReplicas, maxReplicas, _targetUtilization: target, _targetLag: lag } = scaling;
  const mayBeNone = lag !== undefined && minReplicas === 0;
  for (const count of new Set(mayBeNone ? [maxReplicas] : [minReplicas, maxReplicas])) {
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
  if (lag !== undefined && !(Number.isSafeInteger(lag) && lag >= 1)) {
    found.push(
      violation(
        RULES.targetLag,
        `scaling has a target of ${quote(lag)} events.`,
        'Write what a replica does in a few seconds, for example 1000.',
      ),
    );
  }
  return found;
}

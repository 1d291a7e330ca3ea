import { at, type Json, objectOf, objectsOf, probeBudgetMillis, quote, RULES } from '../../kubernetes';
import { type Finding, finding, type ObjectCheck, type WorkloadCheck } from '../finding';
import { type KubernetesObject, servesRequests, type Workload } from '../manifests';

const DEFAULT_PROGRESS_SECONDS = 600;

/** Of KEDA. */
const DEFAULT_MAX_REPLICA_COUNT = 100;

/** An update that keeps all capacity, and is not called failed while a model still loads. */
export const checkRollingUpdate: WorkloadCheck = (workload) => {
  if (workload.kind !== 'Deployment' || !servesRequests(workload)) {
    return [];
  }
  const spec = objectOf(workload.content.spec);
  const unavailable = at(spec, 'strategy', 'rollingUpdate', 'maxUnavailable');
  const deadline = Number(spec.progressDeadlineSeconds ?? DEFAULT_PROGRESS_SECONDS);
  const startup = Math.max(
    0,
    ...objectsOf(workload.pod.containers).map(({ startupProbe }) =>
      startupProbe === undefined ? 0 : probeBudgetMillis(startupProbe) / 1000,
    ),
  );
  const found: Finding[] = [];
  if (unavailable !== 0 && unavailable !== '0%') {
    found.push(
      finding(workload, RULES.rollingUpdate, `maxUnavailable is ${quote(unavailable ?? '25%')}.`, 'Set it to 0.'),
    );
  }
  if (deadline <= startup) {
    found.push(
      finding(
        workload,
        RULES.rollingUpdate,
        `progressDeadlineSeconds is ${deadline}, and the startup probe allows ${startup} s.`,
        'Raise progressDeadlineSeconds.',
      ),
    );
  }
  return found;
};

/** Replicas: at least one, and owned by the autoscaler where there is one. */
export const checkReplicas: WorkloadCheck = (workload, manifests) => {
  const replicas = at(workload.content, 'spec', 'replicas');
  if (replicas === undefined) {
    return [];
  }
  const autoscaler = manifests.autoscalerOf(workload);
  if (autoscaler !== undefined) {
    return [
      finding(
        workload,
        RULES.oneReplicaOwner,
        `replicas is ${quote(replicas)}, and the ${autoscaler.kind} ${quote(autoscaler.name)} sets it too.`,
        'Remove replicas.',
      ),
    ];
  }
  return Number(replicas) >= 1
    ? []
    : [finding(workload, RULES.replicas, `replicas is ${quote(replicas)}.`, 'Write 1 or more.')];
};

/** A disruption budget that there is, and that lets a pod go. */
export const checkBudget: WorkloadCheck = (workload, manifests) => {
  const replicas = leastReplicas(workload, manifests.autoscalerOf(workload));
  const budgets = manifests.selecting('PodDisruptionBudget', workload);
  if (budgets.length === 0) {
    return replicas <= 1 || workload.kind === 'DaemonSet'
      ? []
      : [
          finding(
            workload,
            RULES.disruptionBudget,
            `${replicas} replicas have no disruption budget.`,
            'Add one with maxUnavailable 1.',
          ),
        ];
  }
  return budgets
    .filter(({ content }) => blocks(objectOf(content.spec), replicas))
    .map((budget) =>
      finding(
        budget,
        RULES.evictablePod,
        `The budget lets none of the ${replicas} replicas of ${quote(workload.name)} go.`,
        'Set maxUnavailable to 1, or raise the number of replicas.',
      ),
    );
};

/** The range and the target of an autoscaler. */
export const checkAutoscaler: ObjectCheck = (object) => {
  if (object.kind !== 'HorizontalPodAutoscaler' && object.kind !== 'ScaledObject') {
    return [];
  }
  const spec = objectOf(object.content.spec);
  const [least, most] = [leastOf(object), mostOf(object)];
  const found: Finding[] = [];
  if (!(least <= most)) {
    found.push(
      finding(
        object,
        RULES.replicaRange,
        `The smallest number of replicas is ${least}, and the largest ${most}.`,
        'Lower the smallest one, or raise the largest one.',
      ),
    );
  }
  for (const metric of objectsOf(spec.metrics)) {
    const target = at(metric.resource ?? metric.containerResource, 'target', 'averageUtilization');
    if (target !== undefined && !(Number(target) >= 1 && Number(target) <= 100)) {
      found.push(
        finding(object, RULES.targetUtilization, `averageUtilization is ${quote(target)}.`, 'Write 1 to 100.'),
      );
    }
  }
  return found;
};

function leastReplicas(workload: Workload, autoscaler: KubernetesObject | undefined): number {
  return autoscaler === undefined ? Number(at(workload.content, 'spec', 'replicas') ?? 1) : leastOf(autoscaler);
}

function leastOf({ kind, content }: KubernetesObject): number {
  const { minReplicas = 1, minReplicaCount = 0 } = objectOf(content.spec);
  return Number(kind === 'ScaledObject' ? minReplicaCount : minReplicas);
}

function mostOf({ kind, content }: KubernetesObject): number {
  const { maxReplicas, maxReplicaCount = DEFAULT_MAX_REPLICA_COUNT } = objectOf(content.spec);
  return Number(kind === 'ScaledObject' ? maxReplicaCount : maxReplicas);
}

function blocks({ maxUnavailable, minAvailable }: Json, replicas: number): boolean {
  if (maxUnavailable !== undefined) {
    return countOf(maxUnavailable, replicas) < 1;
  }
  return minAvailable !== undefined && countOf(minAvailable, replicas) >= replicas;
}

// Percentages are rounded up, as the disruption controller does.
function countOf(value: unknown, replicas: number): number {
  const text = String(value);
  return text.endsWith('%') ? Math.ceil((Number(text.slice(0, -1)) / 100) * replicas) : Number(text);
}

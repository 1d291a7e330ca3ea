import { ENVIRONMENT } from '../../contract';
import {
  at,
  checkEnvironmentVariable,
  checkImage,
  isObject,
  isPodName,
  type Json,
  objectsOf,
  quote,
  RULES,
} from '../../kubernetes';
import { type Finding, finding, findings, type WorkloadCheck } from '../finding';
import { containersOf, isJob, servesRequests } from '../manifests';

/** Images: by digest, never without a version. */
export const checkImages: WorkloadCheck = (workload) =>
  containersOf(workload).flatMap(({ name, image }) =>
    findings(workload, checkImage(`The image of the container ${quote(name)}`, String(image ?? ''))),
  );

/** Environment variables: none of the runtime's, no secrets in plain text. */
export const checkVariables: WorkloadCheck = (workload) =>
  containersOf(workload).flatMap((container) =>
    objectsOf(container.env)
      .filter((variable) => !isNameOfJob(variable) && !isPodName(variable))
      .flatMap(({ name, value }) =>
        findings(
          workload,
          checkEnvironmentVariable(`The variable ${String(name)} of the container ${quote(container.name)}`, {
            name: String(name ?? ''),
            value: value === undefined ? undefined : String(value),
          }),
        ),
      ),
  );

/** Three probes, of different meaning. */
export const checkProbes: WorkloadCheck = (workload) =>
  (isJob(workload) ? [] : servingContainers(workload.pod)).flatMap((container) => {
    const missing = ['startupProbe', 'readinessProbe', 'livenessProbe'].filter((probe) => !isObject(container[probe]));
    const same =
      missing.length === 0 &&
      JSON.stringify(actionOf(container.livenessProbe)) === JSON.stringify(actionOf(container.readinessProbe));
    const problem = (found: string): Finding =>
      finding(workload, RULES.probes, found, 'Restore the probes that this library makes.');
    return [
      ...missing.map((probe) => problem(`The container ${quote(container.name)} has no ${probe}.`)),
      ...(same ? [problem(`The container ${quote(container.name)} has the same liveness and readiness probe.`)] : []),
    ];
  });

/** A delay before the shutdown. */
export const checkPreStop: WorkloadCheck = (workload) =>
  servingContainers(workload.pod)
    .filter((container) => servesRequests(workload) && !isObject(at(container, 'lifecycle', 'preStop')))
    .map((container) =>
      finding(
        workload,
        RULES.preStop,
        `The container ${quote(container.name)} has no preStop hook.`,
        'Restore the hook that this library makes, or use the native sleep of Kubernetes 1.30.',
      ),
    );

/** What a batch job tells its pods: the name of their Job, from their labels. */
function isNameOfJob({ name, valueFrom }: Json): boolean {
  return name === ENVIRONMENT.job && at(valueFrom, 'fieldRef') !== undefined;
}

/** Containers that answer requests: those with ports. */
function servingContainers(pod: Json): Json[] {
  return objectsOf(pod.containers).filter(({ ports }) => objectsOf(ports).length > 0);
}

function actionOf(probe: unknown): unknown[] {
  return ['httpGet', 'tcpSocket', 'grpc', 'exec'].map((action) => at(probe, action));
}

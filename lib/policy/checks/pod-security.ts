import { at, isObject, type Json, objectOf, objectsOf, quote, RULES } from '../../kubernetes';
import { type Finding, finding, type WorkloadCheck } from '../finding';
import { containersOf } from '../manifests';

const ALLOWED_VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/**
 * The Restricted level of the Pod Security Standards.
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export const checkPodSecurity: WorkloadCheck = (workload) => {
  const { pod } = workload;
  const found: string[] = [];
  for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) {
    if (pod[key] === true) {
      found.push(`The pod has ${key}.`);
    }
  }
  for (const volume of objectsOf(pod.volumes)) {
    const kinds = Object.keys(volume).filter((key) => key !== 'name');
    if (kinds.some((kind) => !ALLOWED_VOLUMES.includes(kind))) {
      found.push(`The volume ${quote(volume.name)} is of the kind ${kinds.join(', ')}.`);
    }
  }
  for (const container of containersOf(workload)) {
    found.push(...containerProblems(container, objectOf(pod.securityContext)));
  }
  return found.map((problem) =>
    finding(
      workload,
      RULES.restrictedPod,
      problem,
      'Remove the patch that changed it; the pods of this library meet the level.',
    ),
  );
};

/** A file system that nobody writes to, except to volumes with a limit. */
export const checkReadOnlyRoot: WorkloadCheck = (workload) => {
  const writable = containersOf(workload).filter(
    (container) => at(container, 'securityContext', 'readOnlyRootFilesystem') !== true,
  );
  const endless = objectsOf(workload.pod.volumes).filter(
    ({ emptyDir }) => isObject(emptyDir) && emptyDir.sizeLimit === undefined,
  );
  return [
    ...writable.map(({ name }) => problem(workload, `The container ${quote(name)} has a writable root file system.`)),
    ...endless.map(({ name }) => problem(workload, `The volume ${quote(name)} has no size limit.`)),
  ];
};

/** A service account of its own, and no token. */
export const checkServiceAccountToken: WorkloadCheck = (workload) => {
  const { serviceAccountName: account, automountServiceAccountToken: mount } = workload.pod;
  return account !== undefined && account !== 'default' && mount === false
    ? []
    : [
        finding(
          workload,
          RULES.serviceAccountToken,
          `The pod has the service account ${quote(account ?? 'default')} and automountServiceAccountToken ${quote(mount)}.`,
          'Name a service account, and set automountServiceAccountToken to false.',
        ),
      ];
};

function problem(workload: Parameters<WorkloadCheck>[0], found: string): Finding {
  return finding(workload, RULES.readOnlyRoot, found, 'Write to an emptyDir with a sizeLimit.');
}

function containerProblems(container: Json, pod: Json): string[] {
  const own = objectOf(container.securityContext);
  const effective = (key: string) => own[key] ?? pod[key];
  const found: string[] = [];
  if (effective('runAsNonRoot') !== true || effective('runAsUser') === 0) {
    found.push('may run as root');
  }
  if (!['RuntimeDefault', 'Localhost'].includes(String(at(effective('seccompProfile'), 'type')))) {
    found.push('has no seccomp profile');
  }
  if (own.allowPrivilegeEscalation !== false || own.privileged === true) {
    found.push('may gain privileges');
  }
  const { drop, add } = objectOf(own.capabilities);
  if (!Array.isArray(drop) || !drop.includes('ALL')) {
    found.push('keeps capabilities');
  }
  if (Array.isArray(add) && add.some((capability) => capability !== 'NET_BIND_SERVICE')) {
    found.push(`adds the capabilities ${add.join(', ')}`);
  }
  if (objectsOf(container.ports).some(({ hostPort }) => hostPort !== undefined && hostPort !== 0)) {
    found.push('takes a port of the node');
  }
  return found.map((what) => `The container ${quote(container.name)} ${what}.`);
}

import {
  at,
  checkGpuResource,
  isObject,
  objectOf,
  objectsOf,
  parseQuantity,
  quote,
  RULES,
  readableBytes,
} from '../../kubernetes';
import { type Finding, finding, findings, type WorkloadCheck } from '../finding';
import { containersOf } from '../manifests';

const MANDATORY = ['cpu', 'memory', 'ephemeral-storage'];
const NATIVE = [...MANDATORY, 'storage'];
const LOGS_BYTES = 64 * 2 ** 20;

/** Requests and limits: there, in the right order, of known resources. */
export const checkContainerResources: WorkloadCheck = (workload) =>
  containersOf(workload).flatMap((container) => {
    const requests = objectOf(at(container, 'resources', 'requests'));
    const limits = objectOf(at(container, 'resources', 'limits'));
    const found: Finding[] = [];
    for (const resource of MANDATORY) {
      if (requests[resource] === undefined || limits[resource] === undefined) {
        found.push(
          finding(
            workload,
            RULES.resources,
            `The container ${quote(container.name)} has no request or no limit of ${resource}.`,
            'Set both.',
          ),
        );
      }
    }
    for (const [resource, limit] of Object.entries(limits)) {
      if (parseQuantity(requests[resource] ?? limit) > parseQuantity(limit)) {
        found.push(
          finding(
            workload,
            RULES.requestWithinLimit,
            `The container ${quote(container.name)} requests ${String(requests[resource])} of ${resource}, and its limit is ${String(limit)}.`,
            'Lower the request, or raise the limit.',
          ),
        );
      }
      if (!NATIVE.includes(resource) && !resource.startsWith('hugepages-')) {
        found.push(...findings(workload, checkGpuResource(resource)));
      }
    }
    return found;
  });

/** Room on the disk of the node for the volumes that live there. */
export const checkVolumeRoom: WorkloadCheck = (workload) => {
  const volumes = objectsOf(workload.pod.volumes)
    .map(({ emptyDir }) => objectOf(emptyDir))
    .filter(({ medium, sizeLimit }) => medium !== 'Memory' && sizeLimit !== undefined)
    .reduce((sum, { sizeLimit }) => sum + parseQuantity(sizeLimit), 0);
  const limits = objectsOf(workload.pod.containers).map((container) => at(container, 'resources', 'limits'));
  if (volumes === 0 || limits.some((limit) => !isObject(limit) || limit['ephemeral-storage'] === undefined)) {
    return [];
  }
  const limit = limits.reduce<number>((sum, each) => sum + parseQuantity(objectOf(each)['ephemeral-storage']), 0);
  return limit >= volumes + LOGS_BYTES
    ? []
    : [
        finding(
          workload,
          RULES.storageForVolumes,
          `The volumes may take ${readableBytes(volumes)}, and the limit of ephemeral-storage is ${readableBytes(limit)}.`,
          'Raise the limit, or lower the size limits of the volumes.',
        ),
      ];
};

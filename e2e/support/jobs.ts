import type { Manifest } from './manifests';
import type { Namespace } from './namespace';
import { conditionOf, within } from './pods';

/** How a Job has ended. */
export interface JobEnd {
  readonly state: 'Complete' | 'Failed';
  /** Reason and message of the condition that says that it failed. */
  readonly reason?: string;
  readonly message?: string;
  /** As `0,2-4`. */
  readonly completedIndexes?: string;
  readonly failedIndexes?: string;
}

/** Waits until a Job has ended. @param seconds longest wait */
export async function jobEnd(namespace: Namespace, name: string, seconds: number = 120): Promise<JobEnd> {
  const job = await within(seconds, `the job ${name} ends`, async () => {
    const found = await namespace.get('job', name);
    return ['Complete', 'Failed'].some((type) => conditionOf(found, type) === 'True') && found;
  });
  const failed = job.status.conditions.find(({ type, status }: Manifest) => type === 'Failed' && status === 'True');
  const { completedIndexes, failedIndexes } = job.status;
  return {
    state: failed === undefined ? 'Complete' : 'Failed',
    reason: failed?.reason,
    message: failed?.message,
    completedIndexes,
    failedIndexes,
  };
}

/** The pods of a Job for an index, oldest first, as long as the cluster knows them. */
export async function podsOfIndex(namespace: Namespace, job: string, index: number): Promise<Manifest[]> {
  const labels = `batch.kubernetes.io/job-name=${job},batch.kubernetes.io/job-completion-index=${index}`;
  const pods = await namespace.list('pods', labels);
  return pods.sort((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp));
}

/** Evicts a pod, as draining its node does. */
export async function evict(namespace: Namespace, pod: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace.name}/pods/${pod}/eviction`;
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: namespace.name } };
  await namespace.kubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(eviction));
}

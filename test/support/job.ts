import type { KubernetesObject } from './workload';
import { container } from './workload';

/** A Job whose pods are these containers, and are not started again. */
export function job(
  name: string,
  podSpec: Readonly<Record<string, unknown>> = {},
  spec: Readonly<Record<string, unknown>> = {},
): KubernetesObject {
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: 'ml' }, spec: jobSpec(podSpec, spec) };
}

/** A CronJob whose Jobs are those of {@link job}. @param more further keys of its specification */
export function cronJob(
  name: string,
  podSpec: Readonly<Record<string, unknown>> = {},
  spec: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): KubernetesObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, namespace: 'ml' },
    spec: { schedule: '0 * * * *', timeZone: 'Etc/UTC', jobTemplate: { spec: jobSpec(podSpec, spec) }, ...more },
  };
}

function jobSpec(podSpec: Readonly<Record<string, unknown>>, spec: Readonly<Record<string, unknown>>): object {
  const done = container({ args: ['sleep', '--seconds', '0'] });
  return { template: { spec: { restartPolicy: 'Never', containers: [done], ...podSpec } }, ...spec };
}

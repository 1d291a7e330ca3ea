import type { ApiStatus } from './apis';
import type { CronJobStatus, JobStatus } from './job';
import type { PodStatus } from './pod';

/** One port of a Service, and where it can be reached. */
export interface ServiceStatus {
  readonly namespace: string;
  readonly name: string;
  /** Name of the port; empty when it has none. */
  readonly port: string;
  /** `host:port` on this machine. */
  readonly address: string;
  /** The address as a URL; absent when the port does not speak HTTP. */
  readonly url?: string;
  readonly readyPods: number;
  readonly pods: number;
}

/** Everything that runs. */
export interface LocalStatus {
  /** Whether every pod of the Deployments is ready. */
  readonly ready: boolean;
  readonly services: readonly ServiceStatus[];
  /** What stands in for the Kubernetes API, for each namespace. */
  readonly apis: readonly ApiStatus[];
  /** Of the Deployments; those of a Job are with the Job. */
  readonly pods: readonly PodStatus[];
  readonly jobs: readonly JobStatus[];
  readonly cronJobs: readonly CronJobStatus[];
}

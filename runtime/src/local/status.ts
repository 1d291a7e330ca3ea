import type { ApiStatus } from './apis';
import type { ContainerStatus } from './pod';

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

/** A pod. */
export interface PodStatus {
  readonly namespace: string;
  readonly name: string;
  readonly ready: boolean;
  readonly containers: readonly ContainerStatus[];
}

/** Everything that runs. */
export interface LocalStatus {
  /** Whether every pod is ready. */
  readonly ready: boolean;
  readonly services: readonly ServiceStatus[];
  /** What stands in for the Kubernetes API, for each namespace. */
  readonly apis: readonly ApiStatus[];
  readonly pods: readonly PodStatus[];
}

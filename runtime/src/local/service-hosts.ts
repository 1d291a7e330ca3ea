import { serviceHost } from '../config';
import type { PodPlan } from './pod-plan';
import type { ServicePlan } from './service-plan';

/** What is known of the pod of a plan. */
export interface RunningPod {
  /** Whether it may get requests. */
  readonly ready: boolean;
  readonly stopped: boolean;
  /** The port of this machine that stands for a container port, while the container runs. */
  portFor(containerPort: number): number | undefined;
}

/** Ports of this machine that lead to the pods of a Service now, each by the container port that the plan names. */
export function endpointsOf(
  { targets, publishNotReadyAddresses }: ServicePlan,
  pods: ReadonlyMap<PodPlan, RunningPod>,
  containerPort?: number,
): number[] {
  return [...targets].flatMap(([plan, target]) => {
    const pod = pods.get(plan);
    const port = pod?.portFor(containerPort ?? target);
    const open = pod !== undefined && (pod.ready || (publishNotReadyAddresses && !pod.stopped));
    return open && port !== undefined ? [port] : [];
  });
}

/** What DNS does for a headless Service: ports of this machine for a container port of its pods; none for other names. */
export function portsOfHost(
  host: string,
  containerPort: number,
  namespace: string,
  services: readonly ServicePlan[],
  pods: ReadonlyMap<PodPlan, RunningPod>,
): number[] {
  const wanted = serviceHost(host, namespace);
  const found = services.find((each) => each.headless && serviceHost(each.name, each.namespace) === wanted);
  return found === undefined ? [] : endpointsOf(found, pods, containerPort);
}

import type { Service } from './objects';
import type { PodPlan } from './pod-plan';
import type { ServicePort } from './schema';

/** One port of a Service, and what it leads to. */
export interface ServicePlan {
  readonly namespace: string;
  readonly name: string;
  readonly port: ServicePort;
  readonly publishNotReadyAddresses: boolean;
  readonly headless: boolean;
  /** Pods that the selector finds, with the container port that is meant in each. */
  readonly targets: ReadonlyMap<PodPlan, number>;
}

/** Finds the pods of a Service; what cannot be reached here is added to `problems`. */
export function planService(service: Service, pods: readonly PodPlan[], problems: string[]): ServicePlan[] {
  const { namespace, name, selector, ports, publishNotReadyAddresses, headless } = service;
  const found = pods.filter(({ identity }) => identity.namespace === namespace && matches(selector, identity.labels));
  return ports.map((port) => {
    const subject = `Service ${namespace}/${name}: port ${port.name || port.port}`;
    if (port.protocol !== 'TCP') {
      problems.push(`${subject} is ${port.protocol}, and only TCP can be served here. Run it in a cluster.`);
    }
    const wanted = port.targetPort ?? port.port;
    const targets = new Map<PodPlan, number>();
    for (const pod of found) {
      const target = pod.containers
        .flatMap((container) => container.ports)
        .find((candidate) => candidate.containerPort === wanted || candidate.name === wanted);
      if (target === undefined) {
        problems.push(
          `${subject}: no container of ${pod.identity.workload} declares the target port ${wanted}. Add it to a container's ports.`,
        );
      } else {
        targets.set(pod, target.containerPort);
      }
    }
    return { namespace, name, port, publishNotReadyAddresses, headless, targets };
  });
}

function matches(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { environmentOf, expand } from './environment';
import { proxyArguments, runtimeArguments } from './image';
import type { Deployment, Objects, Workload } from './objects';
import { POD_ADDRESS } from './pod-address';
import { type HttpAction, httpAction, type ProbePlan, probePlan } from './probe-plan';
import type { Envoy } from './proxy';
import { proxyCommand, proxyPorts } from './proxy-plan';
import type { Container, PodTemplate } from './schema';
import { type VolumePlan, volumePlan } from './volume-plan';

/** Who a pod is. */
export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly hostname: string;
  /** Name of the Deployment or Job that it belongs to. */
  readonly workload: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccountName: string;
}

/** A pod that can be run as processes. */
export interface PodPlan {
  readonly identity: PodIdentity;
  readonly volumes: ReadonlyMap<string, VolumePlan>;
  readonly initContainers: readonly ContainerPlan[];
  readonly containers: readonly ContainerPlan[];
  /** Which containers are started again when they end. */
  readonly restartPolicy: PodTemplate['spec']['restartPolicy'];
  /** Time between the request to stop and the end by force, in milliseconds. */
  readonly graceMillis: number;
}

/** A port that a container declares. */
export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
}

/** Where a volume, or a part of it, appears in a container. */
export interface Mount {
  readonly volume: string;
  readonly path: string;
  readonly subPath: string;
}

/** A container that can be run as a process. */
export interface ContainerPlan {
  readonly name: string;
  /** Arguments of `model-serving`. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly ContainerPort[];
  readonly mounts: readonly Mount[];
  readonly startupProbe?: ProbePlan;
  readonly readinessProbe?: ProbePlan;
  readonly livenessProbe?: ProbePlan;
  /** Request that is sent, and waited for, before the container is told to stop. */
  readonly preStop?: HttpAction;
  /** Whether the program is that of a proxy. */
  readonly proxy: boolean;
  /** Whether the end of the log tells why the container failed, when it left no message. */
  readonly fallbackToLogs: boolean;
}

/** What a plan is made from, besides the Deployment or Job. */
export interface PlanOptions {
  readonly objects: Objects;
  /** Directories of this machine for claims, images and other volumes. */
  readonly volumes: Readonly<Record<string, string>>;
  /** Further repositories that hold the runtime's image. */
  readonly runtimeImages: readonly string[];
  /** Further repositories that hold the proxy's image. @default - none */
  readonly proxyImages?: readonly string[];
  /** What runs in the containers of proxies. @default - the router of this runtime */
  readonly envoy?: Envoy;
}

/** Plans the pods of a Deployment; what cannot be run here as it is written is added to `problems`. */
export function planPods(deployment: Deployment, options: PlanOptions, problems: string[]): PodPlan[] {
  return Array.from({ length: deployment.replicas }, (_, index) => {
    // All replicas have the same faults: they are told once.
    const found: string[] = [];
    const name = `${deployment.name}-${index}`;
    const plan = planPod(deployment, { name, hostname: name }, options, found);
    if (index === 0) {
      problems.push(...found);
    }
    return plan;
  });
}

/** Plans one pod; what cannot be run here as it is written is added to `problems`. */
export function planPod(
  workload: Workload,
  names: Pick<PodIdentity, 'name' | 'hostname'>,
  options: PlanOptions,
  problems: string[],
): PodPlan {
  const { name, namespace, template } = workload;
  const { metadata, spec } = template;
  problems.push(...mountProblems(workload));
  const pod: PodIdentity = {
    ...names,
    namespace,
    uid: randomUUID(),
    workload: name,
    labels: metadata.labels,
    annotations: metadata.annotations,
    serviceAccountName: spec.serviceAccountName,
  };
  for (const container of spec.initContainers) {
    for (const key of ['startupProbe', 'readinessProbe', 'livenessProbe', 'lifecycle'] as const) {
      if (container[key] !== undefined && container.restartPolicy === undefined) {
        problems.push(`${name}: init container ${container.name}: an init container has no ${key}. Remove it.`);
      }
    }
  }
  const volumes = new Map(
    spec.volumes.map((volume) => [volume.name, volumePlan(volume, { pod, ...options }, problems)]),
  );
  const ports = spec.containers.flatMap((container) => container.ports);
  const context = { ...options, pod, volumes, ports };
  return {
    identity: pod,
    volumes,
    initContainers: spec.initContainers.map((container) => planContainer(container, context, problems)),
    containers: spec.containers.map((container) => planContainer(container, context, problems)),
    restartPolicy: spec.restartPolicy,
    graceMillis: spec.terminationGracePeriodSeconds * 1000,
  };
}

/** A pod, as its containers see it. */
interface ContainerContext extends Omit<PlanOptions, 'volumes'> {
  readonly pod: PodIdentity;
  readonly volumes: ReadonlyMap<string, VolumePlan>;
  /** Ports of all of its containers. */
  readonly ports: readonly ContainerPort[];
}

function planContainer(container: Container, context: ContainerContext, problems: string[]): ContainerPlan {
  const { pod, objects, volumes } = context;
  const subject = `${pod.workload}: container ${container.name}`;
  const runtime = runtimeArguments(container, context.runtimeImages);
  const proxy = runtime === undefined ? proxyArguments(container, context.proxyImages ?? []) : undefined;
  if (runtime === undefined && proxy === undefined) {
    problems.push(
      `${subject} runs ${container.command === undefined ? 'the entry point' : JSON.stringify(container.command[0])} of the image ${container.image}, ` +
        'and only model-serving and Envoy can be run as processes. Run it in a cluster, or name a copy of the runtime image by ' +
        '--runtime-image, of Envoy by --proxy-image.',
    );
  }
  if (container.restartPolicy !== undefined) {
    problems.push(
      `${subject} is a sidecar (restartPolicy ${container.restartPolicy}), which cannot be run here. Run it in a cluster.`,
    );
  }
  if (container.lifecycle?.postStart !== undefined) {
    problems.push(`${subject} has a postStart hook, which cannot be run here. Run it in a cluster.`);
  }
  if (container.workingDir !== undefined) {
    problems.push(`${subject} has a working directory, which cannot be had here. Write absolute paths instead.`);
  }
  const environment = environmentOf(container, { pod, objects, podIP: POD_ADDRESS }, problems);
  const probe = (key: 'startupProbe' | 'readinessProbe' | 'livenessProbe') => {
    const value = container[key];
    return value === undefined ? undefined : probePlan(value, container.ports, `${subject}: ${key}`, problems);
  };
  const mounts = container.volumeMounts.map(({ name, mountPath, subPath }) => ({
    volume: name,
    path: posix.join('/', mountPath, '.').replace(/\/$/, ''),
    subPath,
  }));
  const args = (runtime ?? proxy ?? []).map((arg) => expand(arg, environment));
  const own = proxy === undefined ? [] : proxyPorts(args, mounts, volumes, subject, problems);
  const hook = container.lifecycle?.preStop?.httpGet;
  return {
    name: container.name,
    args: proxy === undefined ? args : proxyCommand(args, context.envoy),
    environment,
    ports: [...container.ports, ...own.map((containerPort) => ({ containerPort }))],
    mounts,
    // The containers of a pod share its ports, but not the names of them.
    preStop:
      hook === undefined
        ? undefined
        : httpAction(
            hook,
            [...container.ports, ...context.ports.map(({ containerPort }) => ({ containerPort }))],
            `${subject}: preStop`,
            problems,
          ),
    proxy: proxy !== undefined,
    startupProbe: probe('startupProbe'),
    readinessProbe: probe('readinessProbe'),
    livenessProbe: probe('livenessProbe'),
    fallbackToLogs: container.terminationMessagePolicy === 'FallbackToLogsOnError',
  };
}

/** Mounts that a directory with links cannot stand for. */
function mountProblems({ name, template }: Workload): string[] {
  const volumes = new Set(template.spec.volumes.map((volume) => volume.name));
  return [...template.spec.initContainers, ...template.spec.containers].flatMap((container) => {
    const subject = `${name}: container ${container.name}`;
    return container.volumeMounts.flatMap((mount) =>
      problemsOfMount(mount, container, volumes).map((text) => `${subject}: ${text}`),
    );
  });
}

function problemsOfMount(
  { name, mountPath, subPath, subPathExpr }: Container['volumeMounts'][number],
  container: Container,
  volumes: ReadonlySet<string>,
): string[] {
  const problems: string[] = [];
  if (!volumes.has(name)) {
    problems.push(`the volume ${name} of a mount is not declared. Add it to the pod's volumes.`);
  }
  if (subPathExpr !== undefined || subPath.startsWith('/') || subPath.split('/').includes('..')) {
    problems.push(`the mount ${mountPath} has a subPath that cannot be used here. Write a plain relative path.`);
  }
  const path = posix.normalize(`${mountPath}/`);
  if (!posix.isAbsolute(mountPath) || path === '/') {
    problems.push(`the mount path ${mountPath} cannot be used here. Write an absolute path below /.`);
  }
  const inside = container.volumeMounts.find(
    (other) => path.startsWith(posix.normalize(`${other.mountPath}/`)) && other.mountPath !== mountPath,
  );
  if (inside !== undefined) {
    problems.push(
      `the mount ${mountPath} lies inside the mount ${inside.mountPath}, which cannot be done here. Use separate directories.`,
    );
  }
  return problems;
}

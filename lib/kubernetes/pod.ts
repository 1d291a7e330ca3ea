import type { Json } from './json';
import type { Labels } from './labels';
import type { ContainerResources } from './resources';

/** User and group that every container runs as: no root, and no account of the node. */
const RUN_AS = 10001;

/** A port of a container. */
export interface ContainerPort {
  readonly name: string;
  readonly containerPort: number;
}

/** Where a volume appears in a container. */
export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

/** A volume of a pod: its name and one key that says what it is (`emptyDir`, `configMap`, …). */
export interface Volume extends Json {
  readonly name: string;
}

/** An environment variable of a container. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: Json;
}

/** An HTTP probe of a container. */
export interface HttpProbe {
  readonly path: string;
  readonly port: string;
  /** Absent = plain HTTP. */
  readonly scheme?: 'HTTPS';
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

/** A container, as far as constructs choose it. Everything else is the same for all. */
export interface ContainerInput {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: string;
  /** Program to run. Absent = the entry point of the image. */
  readonly command?: string[];
  readonly args?: string[];
  readonly env?: EnvironmentVariable[];
  readonly ports?: ContainerPort[];
  readonly resources: ContainerResources;
  readonly volumeMounts: VolumeMount[];
  readonly startupProbe?: HttpProbe;
  readonly readinessProbe?: HttpProbe;
  readonly livenessProbe?: HttpProbe;
  /** Command to run, or address of the pod to ask, before the container is told to stop. */
  readonly preStop?: string[] | HttpHook;
}

/** A request that the kubelet sends to a pod, on any of its ports. */
export interface HttpHook {
  readonly path: string;
  readonly port: number;
}

/** A pod, as far as constructs choose it. */
export interface PodInput {
  readonly labels: Labels;
  readonly annotations?: Labels;
  /** Labels that find the pods of the same construct: they are spread over zones and nodes. */
  readonly selector: Labels;
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  /** Absent = containers that end are started again. */
  readonly restartPolicy?: 'Never';
  readonly initContainers?: ContainerInput[];
  readonly containers: ContainerInput[];
  readonly volumes: Volume[];
  readonly imagePullSecrets?: string[];
  readonly nodeSelector?: Labels;
  readonly tolerations?: Json[];
  readonly priorityClassName?: string;
  readonly runtimeClassName?: string;
}

/**
 * The one place where pods are made: a pod template as plain JSON, which JSON patches change without loss.
 *
 * Pods meet the Restricted Pod Security Standard, mount no token, and write to their own volumes alone.
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export function renderPodTemplate(pod: PodInput): Json {
  return {
    metadata: { labels: { ...pod.labels }, annotations: nonEmpty(pod.annotations) },
    spec: {
      serviceAccountName: pod.serviceAccountName,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: RUN_AS,
        runAsGroup: RUN_AS,
        fsGroup: RUN_AS,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds,
      restartPolicy: pod.restartPolicy,
      topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
        topologyKey,
        maxSkew: 1,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { ...pod.selector } },
      })),
      initContainers: pod.initContainers?.length ? pod.initContainers.map(renderContainer) : undefined,
      containers: pod.containers.map(renderContainer),
      volumes: pod.volumes,
      imagePullSecrets: pod.imagePullSecrets?.length ? pod.imagePullSecrets.map((name) => ({ name })) : undefined,
      nodeSelector: nonEmpty(pod.nodeSelector),
      tolerations: pod.tolerations?.length ? pod.tolerations : undefined,
      priorityClassName: pod.priorityClassName,
      runtimeClassName: pod.runtimeClassName,
    },
  };
}

function renderContainer(container: ContainerInput): Json {
  return {
    name: container.name,
    image: container.image,
    imagePullPolicy: container.imagePullPolicy,
    command: container.command,
    args: container.args,
    env: container.env?.length ? container.env : undefined,
    ports: container.ports,
    resources: container.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    startupProbe: renderProbe(container.startupProbe),
    readinessProbe: renderProbe(container.readinessProbe),
    livenessProbe: renderProbe(container.livenessProbe),
    lifecycle: renderPreStop(container.preStop),
    // A failing process says why on its last lines; they then show in `kubectl describe pod`.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: container.volumeMounts,
  };
}

function renderPreStop(hook: string[] | HttpHook | undefined): Json | undefined {
  if (hook === undefined) {
    return undefined;
  }
  return { preStop: Array.isArray(hook) ? { exec: { command: hook } } : { httpGet: { ...hook } } };
}

function renderProbe(probe: HttpProbe | undefined): Json | undefined {
  if (probe === undefined) {
    return undefined;
  }
  const { path, port, scheme, ...timing } = probe;
  return { httpGet: { path, port, scheme }, ...timing };
}

function nonEmpty(labels: Labels | undefined): Labels | undefined {
  return labels === undefined || Object.keys(labels).length === 0 ? undefined : { ...labels };
}

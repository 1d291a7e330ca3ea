import { CONFIG_FILE, PATHS, ROLES, ROLLOUT_PATHS, ROLLOUT_PORTS } from '../contract';
import {
  type Json,
  type Labels,
  mebibytes,
  renderDeployment,
  renderEnvironment,
  renderPodTemplate,
  renderTolerations,
  SERVICE_ACCOUNT_TOKEN_MOUNT,
  serviceAccountTokenVolume,
  type VolumeMount,
} from '../kubernetes';
import { type PodAdditions, TEMPORARY_MOUNT } from '../online';
import type { CanaryRolloutProps } from './canary-rollout-props';
import { type Settings, TEMPORARY_BYTES } from './rollout-settings';

/** Names of the ports of a controller. */
const CONTROLLER_PORTS = { http: 'http', outcomes: 'outcomes', metrics: 'metrics' } as const;

const CONFIG_MOUNT: VolumeMount = { name: 'config', mountPath: PATHS.configDirectory, readOnly: true };

/** Time to end a look, and to give the Lease back. */
const GRACE_SECONDS = 30;

const PROGRESS_SECONDS = 600;

/** Checks of kube-score that do not hold for a controller, and why. */
const EXCEPTIONS: Labels = {
  'deployment-replicas': 'One controller leads. No request passes through it, and gateways do without it for a while.',
  'deployment-strategy':
    'The next controller starts when the last one has given back the Lease, so that never two want to lead.',
};

/** Objects that a pod refers to by name. */
export interface PodReferences {
  readonly serviceAccountName: string;
  readonly configMapName: string;
}

/** Pod template of a controller, before `podPatch`. */
export function renderControllerPod(
  props: CanaryRolloutProps,
  settings: Settings,
  references: PodReferences,
  additions: Required<PodAdditions>,
): Json {
  return renderPodTemplate({
    labels: { ...settings.labels, ...props.podMetadata?.labels },
    annotations: props.podMetadata?.annotations,
    selector: settings.selector,
    serviceAccountName: references.serviceAccountName,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    containers: [
      {
        name: ROLES.rollout,
        image: settings.image,
        imagePullPolicy: settings.imagePullPolicy,
        args: [ROLES.rollout, '--config', `${PATHS.configDirectory}/${CONFIG_FILE}`],
        env: renderEnvironment(props.env ?? {}),
        ports: [
          { name: CONTROLLER_PORTS.http, containerPort: ROLLOUT_PORTS.http },
          ...(settings.reports ? [{ name: CONTROLLER_PORTS.outcomes, containerPort: ROLLOUT_PORTS.outcomes }] : []),
          { name: CONTROLLER_PORTS.metrics, containerPort: ROLLOUT_PORTS.metrics },
        ],
        resources: settings.containerResources,
        volumeMounts: [CONFIG_MOUNT, TEMPORARY_MOUNT, SERVICE_ACCOUNT_TOKEN_MOUNT, ...additions.mounts],
        ...PROBES,
      },
    ],
    volumes: [
      { name: CONFIG_MOUNT.name, configMap: { name: references.configMapName } },
      { name: TEMPORARY_MOUNT.name, emptyDir: { sizeLimit: mebibytes(TEMPORARY_BYTES) } },
      serviceAccountTokenVolume(),
      ...additions.volumes,
    ],
    imagePullSecrets: props.imagePullSecrets?.map(({ name }) => name),
    nodeSelector: props.nodeSelector,
    tolerations: renderTolerations(props.tolerations ?? []),
    priorityClassName: props.priorityClassName,
    runtimeClassName: props.runtimeClassName,
  });
}

const PROBES = {
  startupProbe: {
    path: ROLLOUT_PATHS.live,
    port: CONTROLLER_PORTS.metrics,
    periodSeconds: 2,
    timeoutSeconds: 2,
    failureThreshold: 30,
  },
  readinessProbe: {
    path: ROLLOUT_PATHS.ready,
    port: CONTROLLER_PORTS.metrics,
    periodSeconds: 5,
    timeoutSeconds: 3,
    failureThreshold: 2,
  },
  livenessProbe: {
    path: ROLLOUT_PATHS.live,
    port: CONTROLLER_PORTS.metrics,
    periodSeconds: 10,
    timeoutSeconds: 5,
    failureThreshold: 6,
  },
};

/**
 * `spec` of the Deployment of a controller: one, and during an update none rather than two. A second one would only wait for the
 * Lease; and without one every share stays as it is, until the dead man.
 */
export function renderControllerDeployment({ selector }: Settings, template: Json): Json {
  return {
    ...renderDeployment({ selector, template, replicas: 1, progressDeadlineSeconds: PROGRESS_SECONDS }),
    minReadySeconds: 0,
    strategy: { type: 'Recreate' },
  };
}

/**
 * Annotations of the Deployment, with what scanners ask of everything that has several replicas, and why this has not.
 *
 * @param given annotations that its author chose
 */
export function controllerAnnotations(given: Labels = {}): Labels {
  const reasons = Object.entries(EXCEPTIONS).map(([check, reason]) => [`kube-score/reason.${check}`, reason]);
  const names = [given['kube-score/ignore'], ...Object.keys(EXCEPTIONS)].filter((name) => name !== undefined);
  return { ...Object.fromEntries(reasons), ...given, 'kube-score/ignore': names.join(',') };
}

/** `spec` of the Service of a controller: the gateway sends it what it compares, and applications report outcomes. */
export function renderControllerService({ selector, compares, reports }: Settings): Json {
  const port = (name: 'http' | 'outcomes') => ({
    name,
    port: ROLLOUT_PORTS[name],
    targetPort: CONTROLLER_PORTS[name],
  });
  return {
    selector: { ...selector },
    ports: [...(compares ? [port('http')] : []), ...(reports ? [port('outcomes')] : [])],
  };
}

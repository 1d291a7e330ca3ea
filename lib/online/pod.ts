import { PATHS, PORT_NAMES, PORTS, ROLES, type ServerConfig } from '../contract';
import {
  type ContainerInput,
  gracePeriodSeconds,
  type Json,
  mebibytes,
  type NetworkPeer,
  type ProbeTarget,
  preStopCommand,
  renderEnvironment,
  renderPodTemplate,
  renderProbes,
  renderTolerations,
  servingPorts,
} from '../kubernetes';
import type { OnlineModelProps } from './online-model-props';
import { CONFIG_MOUNT, type Settings, TEMPORARY_MOUNT } from './settings';

/** Objects that a pod refers to by name. */
export interface PodReferences {
  readonly serviceAccountName: string;
  readonly configMapName: string;
}

/** Pod template of a predictor, before `podPatch`. */
export function renderPredictorPod(props: OnlineModelProps, settings: Settings, references: PodReferences): Json {
  const { models, parts } = settings;
  return renderPodTemplate({
    labels: { ...settings.labels, ...props.podMetadata?.labels },
    annotations: props.podMetadata?.annotations,
    selector: settings.selector,
    serviceAccountName: references.serviceAccountName,
    terminationGracePeriodSeconds: gracePeriodSeconds(settings.drainMillis),
    initContainers: models.initContainers,
    containers: [predictor(props, settings)],
    volumes: [
      { name: CONFIG_MOUNT.name, configMap: { name: references.configMapName } },
      { name: TEMPORARY_MOUNT.name, emptyDir: { sizeLimit: mebibytes(settings.temporaryBytes) } },
      ...models.volumes,
      ...parts.additions.volumes,
    ],
    imagePullSecrets: props.imagePullSecrets?.map(({ name }) => name),
    nodeSelector: props.nodeSelector,
    tolerations: renderTolerations(props.tolerations ?? []),
    priorityClassName: props.priorityClassName,
    runtimeClassName: props.runtimeClassName,
  });
}

function predictor(props: OnlineModelProps, settings: Settings): ContainerInput {
  return {
    name: ROLES.predictor,
    image: settings.image,
    imagePullPolicy: settings.imagePullPolicy,
    args: [ROLES.predictor, '--config', PATHS.config],
    env: renderEnvironment(props.env ?? {}),
    ports: servingPorts(),
    resources: settings.containerResources,
    volumeMounts: [CONFIG_MOUNT, TEMPORARY_MOUNT, ...settings.models.mounts, ...settings.parts.additions.mounts],
    ...renderProbes(settings.loadMillis, probeTarget(settings.parts.server)),
    preStop: preStopCommand(),
  };
}

/** Who may connect to pods that serve. */
export function servingIngress({ clients, monitors }: { clients: NetworkPeer[]; monitors: NetworkPeer[] }) {
  return [
    { peers: clients, ports: [PORTS.http, PORTS.grpc] },
    { peers: monitors, ports: [PORTS.metrics] },
  ];
}

/** Where probes ask: the kubelet takes any certificate, and has none of its own. */
export function probeTarget({ tls }: Pick<ServerConfig, 'tls'>): ProbeTarget {
  return tls?.clientCaPath !== undefined
    ? { port: PORT_NAMES.metrics }
    : { port: PORT_NAMES.http, scheme: tls === undefined ? undefined : 'HTTPS' };
}

import { PATHS, ROLES } from '../contract';
import {
  type ContainerInput,
  gracePeriodSeconds,
  type Json,
  mebibytes,
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
  const { source } = settings;
  return renderPodTemplate({
    labels: { ...settings.labels, ...props.podMetadata?.labels },
    annotations: props.podMetadata?.annotations,
    selector: settings.selector,
    serviceAccountName: references.serviceAccountName,
    terminationGracePeriodSeconds: gracePeriodSeconds(settings.drainMillis),
    initContainers: source.initContainers,
    containers: [predictor(props, settings)],
    volumes: [
      { name: CONFIG_MOUNT.name, configMap: { name: references.configMapName } },
      { name: TEMPORARY_MOUNT.name, emptyDir: { sizeLimit: mebibytes(settings.temporaryBytes) } },
      ...source.volumes,
    ],
    imagePullSecrets: props.imagePullSecrets?.map(({ name }) => name),
    nodeSelector: props.nodeSelector,
    tolerations: renderTolerations(props.tolerations ?? []),
    priorityClassName: props.priorityClassName,
    runtimeClassName: props.runtimeClassName,
  });
}

function predictor(props: OnlineModelProps, settings: Settings): ContainerInput {
  const { name, version } = props.model;
  return {
    name: ROLES.predictor,
    image: settings.image,
    imagePullPolicy: settings.imagePullPolicy,
    args: [ROLES.predictor, '--config', PATHS.config],
    env: renderEnvironment(props.env ?? {}),
    ports: servingPorts(),
    resources: settings.containerResources,
    volumeMounts: [CONFIG_MOUNT, TEMPORARY_MOUNT, ...settings.source.mounts],
    ...renderProbes(`/v2/models/${name}/versions/${version}/ready`, settings.loadMillis),
    preStop: preStopCommand(),
  };
}

import { HTTP_PATHS, PATHS, PORT_NAMES, PORTS, ROLES } from '../contract';
import {
  type Json,
  mebibytes,
  POD_NAME_VARIABLE,
  renderEnvironment,
  renderPodTemplate,
  renderProbes,
  renderTolerations,
  workerGracePeriodSeconds,
} from '../kubernetes';
import { CONFIG_MOUNT, TEMPORARY_MOUNT } from '../online';
import { scalerVariables } from './lag-trigger';
import type { StreamSettings } from './stream-settings';
import type { StreamingConsumerProps } from './streaming-consumer-props';

/** Objects that a pod refers to by name. */
export interface PodReferences {
  readonly serviceAccountName: string;
  readonly configMapName: string;
}

/** Pod template of a consumer, before `podPatch`. */
export function renderStreamPod(
  props: StreamingConsumerProps,
  settings: StreamSettings,
  references: PodReferences,
): Json {
  const { models, additions, scaling } = settings;
  const probes = renderProbes(settings.loadMillis, { port: PORT_NAMES.metrics });
  return renderPodTemplate({
    labels: { ...settings.labels, ...props.podMetadata?.labels },
    annotations: props.podMetadata?.annotations,
    selector: settings.selector,
    serviceAccountName: references.serviceAccountName,
    terminationGracePeriodSeconds: workerGracePeriodSeconds(settings.drainMillis),
    initContainers: models.initContainers,
    containers: [
      {
        name: ROLES.stream,
        image: settings.image,
        imagePullPolicy: settings.imagePullPolicy,
        args: [ROLES.stream, '--config', PATHS.config],
        env: [...renderEnvironment(props.env ?? {}), POD_NAME_VARIABLE, ...scalerVariables(props.source, scaling)],
        ports: [{ name: PORT_NAMES.metrics, containerPort: PORTS.metrics }],
        resources: settings.containerResources,
        volumeMounts: [CONFIG_MOUNT, TEMPORARY_MOUNT, ...models.mounts, ...additions.mounts],
        ...probes,
        // How long it waits for its broker, the process decides: it is alive meanwhile.
        startupProbe: { ...probes.startupProbe, path: HTTP_PATHS.live },
      },
    ],
    volumes: [
      { name: CONFIG_MOUNT.name, configMap: { name: references.configMapName } },
      { name: TEMPORARY_MOUNT.name, emptyDir: { sizeLimit: mebibytes(settings.temporaryBytes) } },
      ...models.volumes,
      ...additions.volumes,
    ],
    imagePullSecrets: props.imagePullSecrets?.map(({ name }) => name),
    nodeSelector: props.nodeSelector,
    tolerations: renderTolerations(props.tolerations ?? []),
    priorityClassName: props.priorityClassName,
    runtimeClassName: props.runtimeClassName,
  });
}

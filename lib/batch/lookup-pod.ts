import { HTTP_PATHS, PATHS, ROLES } from '../contract';
import {
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
import { CONFIG_MOUNT, probeTarget, TEMPORARY_MOUNT } from '../online';
import type { PodReferences } from './job-pod';
import { type LookupSettings, READY_MILLIS, TEMPORARY_BYTES } from './lookup-settings';
import type { PredictionLookupProps } from './prediction-lookup-props';

/** Pod template of a lookup, before `podPatch`. */
export function renderLookupPod(
  props: PredictionLookupProps,
  settings: LookupSettings,
  references: PodReferences,
): Json {
  const { additions, server } = settings;
  const probes = renderProbes(READY_MILLIS, probeTarget(server));
  return renderPodTemplate({
    labels: { ...settings.labels, ...props.podMetadata?.labels },
    annotations: props.podMetadata?.annotations,
    selector: settings.selector,
    serviceAccountName: references.serviceAccountName,
    terminationGracePeriodSeconds: gracePeriodSeconds(settings.drainMillis),
    containers: [
      {
        name: ROLES.lookup,
        image: settings.image,
        imagePullPolicy: settings.imagePullPolicy,
        args: [ROLES.lookup, '--config', PATHS.config],
        env: renderEnvironment(props.env ?? {}),
        ports: servingPorts(),
        resources: settings.containerResources,
        volumeMounts: [CONFIG_MOUNT, TEMPORARY_MOUNT, ...additions.mounts],
        ...probes,
        // It waits for its store as long as that takes: a restart would bring nothing.
        startupProbe: { ...probes.startupProbe, path: HTTP_PATHS.live },
        preStop: preStopCommand(),
      },
    ],
    volumes: [
      { name: CONFIG_MOUNT.name, configMap: { name: references.configMapName } },
      { name: TEMPORARY_MOUNT.name, emptyDir: { sizeLimit: mebibytes(TEMPORARY_BYTES) } },
      ...additions.volumes,
    ],
    imagePullSecrets: props.imagePullSecrets?.map(({ name }) => name),
    nodeSelector: props.nodeSelector,
    tolerations: renderTolerations(props.tolerations ?? []),
    priorityClassName: props.priorityClassName,
    runtimeClassName: props.runtimeClassName,
  });
}

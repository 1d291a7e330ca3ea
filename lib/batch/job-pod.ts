import { ENVIRONMENT, PATHS, PORT_NAMES, PORTS, ROLES } from '../contract';
import {
  type EnvironmentVariable,
  type Json,
  mebibytes,
  renderEnvironment,
  renderPodTemplate,
  renderTolerations,
} from '../kubernetes';
import { CONFIG_MOUNT, TEMPORARY_MOUNT } from '../online';
import type { BatchJobProps } from './batch-job-props';
import { type JobSettings, SCRATCH_MOUNT } from './job-settings';

/** Label of the pods of a Job with its name; for a run of a CronJob that holds the scheduled time. */
const JOB_LABEL = 'batch.kubernetes.io/job-name';

/** The run, as the pod is told it. The number of the shard is set by Kubernetes. */
const JOB_VARIABLE: EnvironmentVariable = {
  name: ENVIRONMENT.job,
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${JOB_LABEL}']` } },
};

/** Objects that a pod refers to by name. */
export interface PodReferences {
  readonly serviceAccountName: string;
  readonly configMapName: string;
}

/** Pod template of a shard, before `podPatch`. */
export function renderJobPod(props: BatchJobProps, settings: JobSettings, references: PodReferences): Json {
  const { models, additions } = settings;
  return renderPodTemplate({
    labels: { ...settings.labels, ...props.podMetadata?.labels },
    annotations: props.podMetadata?.annotations,
    selector: settings.selector,
    serviceAccountName: references.serviceAccountName,
    terminationGracePeriodSeconds: Math.ceil(settings.graceMillis / 1000),
    restartPolicy: 'Never',
    initContainers: models.initContainers,
    containers: [
      {
        name: ROLES.batch,
        image: settings.image,
        imagePullPolicy: settings.imagePullPolicy,
        args: [ROLES.batch, '--config', PATHS.config],
        env: [...renderEnvironment(props.env ?? {}), JOB_VARIABLE],
        ports: [{ name: PORT_NAMES.metrics, containerPort: PORTS.metrics }],
        resources: settings.containerResources,
        volumeMounts: [CONFIG_MOUNT, TEMPORARY_MOUNT, SCRATCH_MOUNT, ...models.mounts, ...additions.mounts],
      },
    ],
    volumes: [
      { name: CONFIG_MOUNT.name, configMap: { name: references.configMapName } },
      { name: TEMPORARY_MOUNT.name, emptyDir: { sizeLimit: mebibytes(settings.temporaryBytes) } },
      { name: SCRATCH_MOUNT.name, emptyDir: { sizeLimit: mebibytes(settings.scratchBytes) } },
      ...models.volumes,
      ...additions.volumes,
    ],
    imagePullSecrets: props.imagePullSecrets?.map(({ name }) => name),
    nodeSelector: settings.nodeSelector,
    tolerations: renderTolerations(settings.tolerations),
    priorityClassName: props.priorityClassName,
    runtimeClassName: props.runtimeClassName,
  });
}

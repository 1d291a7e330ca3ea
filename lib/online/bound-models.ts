import { FETCH_DEFAULTS, type ModelSourceConfig } from '../contract';
import {
  type ContainerInput,
  type Destination,
  largestModelFor,
  MEBIBYTE,
  type MemoryNeeds,
  type ModelResources,
  memoryLimitOf,
  type Volume,
  type VolumeMount,
} from '../kubernetes';
import type { BoundSource, Model, PodContext } from '../model';

/** A model, and where its file is in the pod. */
export interface BoundModel {
  readonly model: Model;

  /** Absolute path of the model file in the serving container. */
  readonly path: string;

  /** What the `fetch` role downloads. Absent = the file is mounted. */
  readonly download?: ModelSourceConfig;
}

/** The models of a pod, and what brings their files there. */
export interface BoundModels {
  /** The model that is served, then those behind it. */
  readonly models: BoundModel[];
  readonly volumes: Volume[];
  /** Mounts of the serving container. */
  readonly mounts: VolumeMount[];
  readonly initContainers: ContainerInput[];
  readonly egress: Destination[];
  /** ConfigMaps that carry files, in the order of the models. */
  readonly configMaps: BoundSource['configMap'][];
}

/** A model, and the largest file that the pod takes for it. */
export interface SizedModel {
  readonly model: Model;
  readonly role: PodContext['role'];
  readonly maxModelBytes: number;
}

/** Puts the files of models into one pod. */
export function bindModels(
  models: SizedModel[],
  context: Omit<PodContext, 'model' | 'version' | 'role' | 'maxModelBytes'>,
): BoundModels {
  const bound = models.map(({ model, role, maxModelBytes }) => {
    const { name, version } = model;
    return { model, source: model.source._binding.bind({ ...context, model: name, version, role, maxModelBytes }) };
  });
  const sources = bound.map(({ source }) => source);
  const initContainers = mergeContainers(sources.flatMap((source) => source.initContainers));
  const mounted = new Set(
    [...initContainers.flatMap(({ volumeMounts }) => volumeMounts), ...sources.flatMap(({ mounts }) => mounts)].map(
      ({ name }) => name,
    ),
  );
  return {
    models: bound.map(({ model, source: { path, download } }) => ({ model, path, download })),
    volumes: sources.flatMap(({ volumes }) => volumes).filter(({ name }) => mounted.has(name)),
    mounts: sources.flatMap(({ mounts }) => mounts),
    initContainers,
    egress: sources.flatMap(({ egress }) => egress),
    configMaps: sources.map(({ configMap }) => configMap),
  };
}

/**
 * Containers of the same name as one: the role `fetch` downloads every model of the configuration. Two models with the
 * same credentials share their mount.
 */
function mergeContainers(containers: ContainerInput[]): ContainerInput[] {
  const merged = new Map<string, ContainerInput>();
  for (const container of containers) {
    const same = merged.get(container.name);
    const volumeMounts = [...(same?.volumeMounts ?? []), ...container.volumeMounts];
    const paths = volumeMounts.map(({ mountPath }) => mountPath);
    merged.set(container.name, {
      ...container,
      volumeMounts: volumeMounts.filter(({ mountPath }, index) => paths.indexOf(mountPath) === index),
    });
  }
  return [...merged.values()];
}

/** Memory that models and everything beside them need. */
export function memoryNeeds(models: Model[], bufferBytes: number): MemoryNeeds {
  const known = models.map(sizeOf).filter((bytes) => bytes !== undefined);
  return { modelBytes: known.length === 0 ? undefined : known.reduce((sum, bytes) => sum + bytes, 0), bufferBytes };
}

/**
 * The largest file that a pod takes for each of its models: as declared, else an equal share of what its memory can load
 * beside the others.
 */
export function sizeModels(
  models: { readonly model: Model; readonly role: PodContext['role'] }[],
  resources: ModelResources,
  needs: MemoryNeeds,
): SizedModel[] {
  const open = models.filter(({ model }) => sizeOf(model) === undefined).length;
  const share = Math.max(MEBIBYTE, Math.floor(largestModelFor(memoryLimitOf(resources, needs), needs) / open));
  return models.map(({ model, role }) => ({
    model,
    role,
    maxModelBytes: sizeOf(model) ?? Math.min(FETCH_DEFAULTS.maxBytes, share),
  }));
}

function sizeOf({ source }: Model): number | undefined {
  return source._binding.modelBytes;
}

import type { Destination, Volume, VolumeMount } from '../kubernetes';

/** What a part of a declaration adds to the pod that serves. Absent = nothing of that kind. */
export interface PodAdditions {
  readonly volumes?: Volume[];

  /** Mounts of the serving container. */
  readonly mounts?: VolumeMount[];

  /** Servers that the pod connects to. */
  readonly egress?: Destination[];

  /** Memory that it may hold, in bytes. */
  readonly memoryBytes?: number;

  /** Size limits of its volumes on the disk of the node, in bytes. */
  readonly volumeBytes?: number;
}

/** What several parts add together. */
export function mergeAdditions(parts: PodAdditions[]): Required<PodAdditions> {
  return {
    volumes: parts.flatMap(({ volumes = [] }) => volumes),
    mounts: parts.flatMap(({ mounts = [] }) => mounts),
    egress: parts.flatMap(({ egress = [] }) => egress),
    memoryBytes: parts.reduce((sum, { memoryBytes = 0 }) => sum + memoryBytes, 0),
    volumeBytes: parts.reduce((sum, { volumeBytes = 0 }) => sum + volumeBytes, 0),
  };
}

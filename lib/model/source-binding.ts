import { type ModelSourceConfig, PATHS } from '../contract';
import type {
  ConfigMapData,
  ContainerInput,
  ContainerResources,
  Destination,
  EnvironmentVariable,
  Violation,
  Volume,
  VolumeMount,
} from '../kubernetes';
import type { OnnxModel } from './onnx/onnx-model';

/** What a source needs to know of the pod that it provides with a model. */
export interface PodContext {
  /** Name of the model. */
  readonly model: string;

  /** Version of the model. */
  readonly version: string;

  /** Name of the objects of the construct. */
  readonly baseName: string;

  /**
   * Part of the model in the pod: `model` is the one that is served, `fallback` answers in its place. Names of volumes,
   * init containers and ConfigMaps are made of it.
   */
  readonly role: 'model' | 'fallback';

  /** Largest model file that the pod can load, in bytes. */
  readonly maxModelBytes: number;

  /** Runtime image, for init containers. */
  readonly image: string;

  readonly imagePullPolicy: string;

  /** Environment variables, for init containers that run the runtime. */
  readonly env: EnvironmentVariable[];

  /** Requests and limits, for init containers. */
  readonly resources: ContainerResources;

  /** Where the configuration file is mounted. */
  readonly configMount: VolumeMount;

  /** Where a container may write anything else. */
  readonly temporaryMount: VolumeMount;
}

/** How a model file gets into a pod. */
export interface BoundSource {
  /** Absolute path of the model file in the serving container. */
  readonly path: string;

  /** What the `fetch` role downloads. Absent = the file is mounted. */
  readonly download?: ModelSourceConfig;

  readonly volumes: Volume[];

  /** Mounts of the serving container. */
  readonly mounts: VolumeMount[];

  readonly initContainers: ContainerInput[];

  /** Servers that the pod connects to. */
  readonly egress: Destination[];

  /** ConfigMap that carries the file. */
  readonly configMap?: { readonly name: string; readonly binaryData: ConfigMapData };
}

/** Directory of a model in every container of the pod; directories of different models never lie inside each other. */
export function modelDirectory({ model, version }: Pick<PodContext, 'model' | 'version'>): string {
  return `${PATHS.models}/${model}/${version}`;
}

/** One kind of source. */
export interface SourceBinding {
  /** SHA-256 of the model file, as declared or computed; `undefined` when it is not known. */
  readonly sha256: string | undefined;

  /** What was read from the file, where there is one at synth. */
  readonly onnx: OnnxModel | undefined;

  /** Largest size of the model file, in bytes, where it is known. */
  readonly modelBytes: number | undefined;

  /** Longest time that a download takes, in milliseconds; 0 when nothing is downloaded. */
  readonly downloadMillis: number;

  /** What is wrong with the declaration. */
  readonly violations: Violation[];

  /** Space on the disk of the node that the volumes of the source take, in bytes. */
  volumeBytes(maxModelBytes: number): number;

  /** Puts the model into a pod. */
  bind(context: PodContext): BoundSource;
}

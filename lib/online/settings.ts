import { Chart, type JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';
import { DEFAULT_IMAGE, FETCH_DEFAULTS, PATHS, ROLES, SERVER_DEFAULTS } from '../contract';
import {
  bytesOf,
  type ContainerResources,
  DisruptionBudget,
  defaultDrainMillis,
  type Labels,
  largestModelFor,
  MEBIBYTE,
  type ModelResources,
  memoryLimitOf,
  millisOf,
  NetworkPeer,
  objectName,
  type ResourceNeeds,
  renderEnvironment,
  renderResources,
  Scaling,
  selectorLabels,
  standardLabels,
  type VolumeMount,
} from '../kubernetes';
import type { BoundSource } from '../model';
import type { OnlineModelProps } from './online-model-props';
import { WarmUp } from './warm-up';

/** Context value of an app or a chart that names the runtime image of all its models. */
const IMAGE_CONTEXT = 'model-serving/image';

const DEFAULT_REPLICAS = 2;
const DEFAULT_LOAD_MILLIS = 2 * 60_000;
const TEMPORARY_BYTES = 64 * MEBIBYTE;
const DEFAULT_CLIENTS = [NetworkPeer.sameNamespace()];
const DEFAULT_MONITORS = [NetworkPeer.namespace('monitoring')];

/** Where the configuration file appears in every container of a pod that reads it. */
export const CONFIG_MOUNT: VolumeMount = { name: 'config', mountPath: PATHS.configDirectory, readOnly: true };

/** The directory of temporary files. */
export const TEMPORARY_MOUNT: VolumeMount = { name: 'tmp', mountPath: PATHS.temporary };

/** The properties of an online model, with every default decided. */
export interface Settings {
  /** Name of all objects. */
  readonly name: string;
  readonly namespace: string | undefined;
  readonly labels: Labels;
  readonly selector: Labels;
  readonly image: string;
  /** Whether `image` is the one that comes with the library. */
  readonly bundledImage: boolean;
  readonly imagePullPolicy: string;
  readonly scaling: Scaling;
  readonly disruptionBudget: DisruptionBudget;
  readonly resources: ModelResources;
  readonly needs: ResourceNeeds;
  readonly containerResources: ContainerResources;
  readonly temporaryBytes: number;
  readonly warmUp: WarmUp;
  readonly budgetMillis: number;
  readonly drainMillis: number;
  readonly loadMillis: number;
  readonly maxBodyBytes: number;
  readonly clients: NetworkPeer[];
  readonly monitors: NetworkPeer[];
  readonly podPatch: JsonPatch[];
  readonly source: BoundSource;
}

/** Decides everything that a user did not. */
export function resolveSettings(construct: Construct, props: OnlineModelProps): Settings {
  const { model, resources = {} } = props;
  const chart = Chart.of(construct);
  const name = props.metadata?.name ?? objectName(construct, model.name, model.version);
  const labels = standardLabels({
    name: model.name,
    version: model.version,
    instance: name,
    component: ROLES.predictor,
    partOf: chart.node.path || chart.node.id,
  });
  const { image, bundledImage } = resolveImage(construct, props);
  const imagePullPolicy = props.imagePullPolicy ?? 'IfNotPresent';
  const capacity = resolveCapacity(props, resources);
  const budgetMillis = props.latencyBudget ? millisOf(props.latencyBudget) : SERVER_DEFAULTS.requestTimeoutMillis;
  return {
    name,
    namespace: props.metadata?.namespace ?? chart.namespace,
    labels,
    selector: selectorLabels(labels),
    image,
    bundledImage,
    imagePullPolicy,
    scaling: props.scaling ?? Scaling.fixed(props.replicas ?? DEFAULT_REPLICAS),
    disruptionBudget: props.disruptionBudget ?? DisruptionBudget.maxUnavailable(1),
    resources,
    ...capacity,
    warmUp: props.warmUp ?? WarmUp.zeros(),
    budgetMillis,
    drainMillis: props.drainTime ? millisOf(props.drainTime) : defaultDrainMillis(budgetMillis),
    loadMillis: props.maxLoadTime ? millisOf(props.maxLoadTime) : DEFAULT_LOAD_MILLIS,
    maxBodyBytes: props.maxBodySize ? bytesOf(props.maxBodySize) : SERVER_DEFAULTS.maxBodyBytes,
    clients: props.clients ?? DEFAULT_CLIENTS,
    monitors: props.monitors ?? DEFAULT_MONITORS,
    podPatch: props.podPatch ?? [],
    source: model.source._binding.bind({
      model: model.name,
      version: model.version,
      baseName: name,
      maxModelBytes: capacity.maxModelBytes,
      image,
      imagePullPolicy,
      resources: renderResources({ ...resources, gpu: undefined }, capacity.needs),
      configMount: CONFIG_MOUNT,
      temporaryMount: TEMPORARY_MOUNT,
      env: renderEnvironment(props.env ?? {}),
    }),
  };
}

function resolveImage(construct: Construct, props: OnlineModelProps): { image: string; bundledImage: boolean } {
  const context: unknown = props.image ?? construct.node.tryGetContext(IMAGE_CONTEXT);
  return context === undefined
    ? { image: DEFAULT_IMAGE, bundledImage: true }
    : { image: String(context), bundledImage: false };
}

function resolveCapacity({ model }: OnlineModelProps, resources: ModelResources) {
  const binding = model.source._binding;
  const { modelBytes } = binding;
  const memory = memoryLimitOf(resources, modelBytes);
  const maxModelBytes = modelBytes ?? Math.min(FETCH_DEFAULTS.maxBytes, largestModelFor(memory));
  // A model with a ZipMap is rewritten before it is opened, and the copy lies there.
  const temporaryBytes = TEMPORARY_BYTES + maxModelBytes;
  const needs: ResourceNeeds = { modelBytes, volumeBytes: temporaryBytes + binding.volumeBytes(maxModelBytes) };
  return { maxModelBytes, temporaryBytes, needs, containerResources: renderResources(resources, needs) };
}

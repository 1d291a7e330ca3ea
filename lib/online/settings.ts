import { Chart, type JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';
import { DEFAULT_IMAGE, PATHS, ROLES, SERVER_DEFAULTS } from '../contract';
import {
  bytesOf,
  type ContainerResources,
  DisruptionBudget,
  defaultDrainMillis,
  type Labels,
  MEBIBYTE,
  type ModelResources,
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
import { type BoundModels, bindModels, memoryNeeds, type SizedModel, sizeModels } from './bound-models';
import { type DeclaredParts, resolveParts } from './declared-parts';
import { fallbackModelOf } from './fallback';
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
  /** The model, and the one behind it where there is one. */
  readonly models: BoundModels;
  /** Longest time of all downloads together. */
  readonly downloadMillis: number;
  /** What is around the model. */
  readonly parts: DeclaredParts;
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
  const budgetMillis = props.latencyBudget ? millisOf(props.latencyBudget) : SERVER_DEFAULTS.requestTimeoutMillis;
  const parts = resolveParts(props, budgetMillis);
  const { sized, ...capacity } = resolveCapacity(props, resources, parts);
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
    clients: props.clients ?? (props.gateway === undefined ? DEFAULT_CLIENTS : [props.gateway.networkPeer]),
    monitors: props.monitors ?? DEFAULT_MONITORS,
    podPatch: props.podPatch ?? [],
    parts,
    downloadMillis: sized.reduce((sum, each) => sum + each.model.source._binding.downloadMillis, 0),
    models: bindModels(sized, {
      baseName: name,
      image,
      imagePullPolicy,
      resources: renderResources({ ...resources, gpu: undefined }, capacity.needs),
      configMount: CONFIG_MOUNT,
      temporaryMount: TEMPORARY_MOUNT,
      env: renderEnvironment(props.env ?? {}),
    }),
  };
}

/** The runtime image of a construct: its own, the app's, or the one that comes with the library. */
export function resolveImage(
  construct: Construct,
  props: { readonly image?: string },
): { image: string; bundledImage: boolean } {
  const context: unknown = props.image ?? construct.node.tryGetContext(IMAGE_CONTEXT);
  return context === undefined
    ? { image: DEFAULT_IMAGE, bundledImage: true }
    : { image: String(context), bundledImage: false };
}

function resolveCapacity(
  { model, fallback }: OnlineModelProps,
  resources: ModelResources,
  { additions }: DeclaredParts,
) {
  const other = fallback && fallbackModelOf(fallback);
  const models = [
    { model, role: 'model' as const },
    ...(other === undefined ? [] : [{ model: other, role: 'fallback' as const }]),
  ];
  const memory = memoryNeeds(
    models.map((each) => each.model),
    additions.memoryBytes,
  );
  const sized = sizeModels(models, resources, memory);
  // A model with a ZipMap is rewritten before it is opened, and the copy lies there.
  const temporaryBytes = TEMPORARY_BYTES + total(sized, ({ maxModelBytes }) => maxModelBytes);
  const modelVolumes = total(sized, (each) => each.model.source._binding.volumeBytes(each.maxModelBytes));
  const needs: ResourceNeeds = { ...memory, volumeBytes: temporaryBytes + modelVolumes + additions.volumeBytes };
  return { sized, temporaryBytes, needs, containerResources: renderResources(resources, needs) };
}

function total(models: SizedModel[], bytesOfOne: (model: SizedModel) => number): number {
  return models.reduce((sum, model) => sum + bytesOfOne(model), 0);
}

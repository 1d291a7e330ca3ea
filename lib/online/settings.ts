import type { JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';
import { PATHS, ROLES, SERVER_DEFAULTS } from '../contract';
import {
  bytesOf,
  type ContainerResources,
  DisruptionBudget,
  defaultDrainMillis,
  type ModelResources,
  millisOf,
  NetworkPeer,
  type ResourceNeeds,
  renderEnvironment,
  renderResources,
  Scaling,
  type VolumeMount,
} from '../kubernetes';
import { type BoundModels, bindModels } from './bound-models';
import { resolveCapacity } from './capacity';
import { type DeclaredParts, resolveParts } from './declared-parts';
import type { OnlineModelProps } from './online-model-props';
import { type PodIdentity, resolvePodIdentity } from './pod-identity';
import { WarmUp } from './warm-up';

const DEFAULT_REPLICAS = 2;
const DEFAULT_LOAD_MILLIS = 2 * 60_000;
const DEFAULT_CLIENTS = [NetworkPeer.sameNamespace()];
const DEFAULT_MONITORS = [NetworkPeer.namespace('monitoring')];

/** Where the configuration file appears in every container of a pod that reads it. */
export const CONFIG_MOUNT: VolumeMount = { name: 'config', mountPath: PATHS.configDirectory, readOnly: true };

/** The directory of temporary files. */
export const TEMPORARY_MOUNT: VolumeMount = { name: 'tmp', mountPath: PATHS.temporary };

/** The properties of an online model, with every default decided. */
export interface Settings extends PodIdentity {
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
  const { name: modelName, version } = model;
  const subject = { name: modelName, version, component: ROLES.predictor, called: [modelName, version] };
  const identity = resolvePodIdentity(construct, props, subject);
  const budgetMillis = props.latencyBudget ? millisOf(props.latencyBudget) : SERVER_DEFAULTS.requestTimeoutMillis;
  const parts = resolveParts(props, budgetMillis);
  const { sized, ...capacity } = resolveCapacity(props, resources, parts.additions);
  return {
    ...identity,
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
      baseName: identity.name,
      image: identity.image,
      imagePullPolicy: identity.imagePullPolicy,
      resources: renderResources({ ...resources, gpu: undefined }, capacity.needs),
      configMount: CONFIG_MOUNT,
      temporaryMount: TEMPORARY_MOUNT,
      env: renderEnvironment(props.env ?? {}),
    }),
  };
}

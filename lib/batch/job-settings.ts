import { Size } from 'cdk8s';
import type { Construct } from 'constructs';
import { type ObjectLocationConfig, PATHS, ROLES } from '../contract';
import {
  bytesOf,
  type ContainerResources,
  type Labels,
  MEBIBYTE,
  type ModelResources,
  millisOf,
  NetworkPeer,
  type ResourceNeeds,
  renderEnvironment,
  renderResources,
  type Toleration,
  type VolumeMount,
} from '../kubernetes';
import {
  type BoundModels,
  bindModels,
  CONFIG_MOUNT,
  memoryNeeds,
  mergeAdditions,
  type PodAdditions,
  type PodIdentity,
  renderRedisServer,
  resolvePodIdentity,
  sizeModels,
  TEMPORARY_MOUNT,
} from '../online';
import type { BatchJobProps } from './batch-job-props';
import { bindLocations } from './data-location';
import { fileSinks, redisSinks } from './prediction-sink';
import { intervalMillisOf } from './schedule-rules';

const DEFAULT_MEMORY_BYTES = 1024 * MEBIBYTE;

/** A process that reads a table in pieces, one batch of its rows, and the predictions of a part. */
const LEAST_TABLE_BYTES = 128 * MEBIBYTE;
const TEMPORARY_BYTES = 64 * MEBIBYTE;
const DEFAULT_SCRATCH_BYTES = 4096 * MEBIBYTE;

const DAY_MILLIS = 24 * 60 * 60_000;
const HOUR_MILLIS = 60 * 60_000;

/** Less, and the CronJob controller, which looks every ten seconds and may be away for a moment, leaves runs out. */
const LEAST_STARTING_MILLIS = 200_000;
const DEFAULT_GRACE_MILLIS = 60_000;
const SHARE_OF_INTERVAL = 0.9;
const DEFAULT_MONITORS = [NetworkPeer.namespace('monitoring')];

/** Where a job keeps what it has downloaded and what it has not yet uploaded. */
export const SCRATCH_MOUNT: VolumeMount = { name: 'scratch', mountPath: PATHS.scratch };

/** The properties of a batch job, with every default decided. */
export interface JobSettings extends PodIdentity {
  /** Name of all objects, without the suffix of a Job that runs once. */
  readonly name: string;
  readonly resources: ModelResources;
  readonly needs: ResourceNeeds;
  readonly containerResources: ContainerResources;
  readonly scratchBytes: number;
  readonly temporaryBytes: number;
  readonly shards: number;
  readonly parallelism: number;
  /** Shortest time between two runs; absent = there is none, or none that is known. */
  readonly intervalMillis: number | undefined;
  readonly deadlineMillis: number;
  readonly startingMillis: number;
  readonly graceMillis: number;
  readonly monitors: NetworkPeer[];
  readonly nodeSelector: Labels;
  readonly tolerations: Toleration[];
  readonly models: BoundModels;
  readonly input: ObjectLocationConfig;
  /** Sinks of files, in order. */
  readonly files: ObjectLocationConfig[];
  /** Absent = none is declared, and there is no sink of files to keep it beside. */
  readonly ledger: ObjectLocationConfig | undefined;
  /** Servers of the sinks of Redis, in order. */
  readonly redis: ReturnType<typeof renderRedisServer>['config'][];
  /** What tables add to the pod. */
  readonly additions: Required<PodAdditions>;
}

/** Decides everything that a user did not. */
export function resolveJobSettings(construct: Construct, props: BatchJobProps): JobSettings {
  const { model, shards = 1, spot } = props;
  const { name: modelName, version } = model;
  const subject = { name: modelName, version, component: ROLES.batch, called: [modelName, ROLES.batch] };
  const identity = resolvePodIdentity(construct, props, subject);
  const { sized, ...capacity } = resolveCapacity(props);
  return {
    ...identity,
    ...capacity,
    shards,
    parallelism: props.parallelism ?? shards,
    ...resolveTimes(props),
    monitors: props.monitors ?? DEFAULT_MONITORS,
    nodeSelector: { ...spot?._nodeSelector, ...props.nodeSelector },
    tolerations: [...(spot?._tolerations ?? []), ...(props.tolerations ?? [])],
    models: bindModels(sized, {
      baseName: identity.name,
      image: identity.image,
      imagePullPolicy: identity.imagePullPolicy,
      resources: renderResources({ ...capacity.resources, gpu: undefined }, capacity.needs),
      configMount: CONFIG_MOUNT,
      temporaryMount: TEMPORARY_MOUNT,
      env: renderEnvironment(props.env ?? {}),
    }),
    ...resolveTables(props),
  };
}

function resolveCapacity({ model, resources: given = {}, scratchSize }: BatchJobProps) {
  const memory = memoryNeeds([model], LEAST_TABLE_BYTES);
  const resources = {
    ...given,
    ...(given.memory === undefined && given.memoryLimit === undefined
      ? { memory: Size.mebibytes(Math.ceil((DEFAULT_MEMORY_BYTES + 2 * (memory.modelBytes ?? 0)) / MEBIBYTE)) }
      : {}),
  };
  const sized = sizeModels([{ model, role: 'model' }], resources, memory);
  const largest = sized[0]?.maxModelBytes ?? 0;
  const scratchBytes = scratchSize === undefined ? DEFAULT_SCRATCH_BYTES : bytesOf(scratchSize);
  // A model with a ZipMap is rewritten before it is opened, and the copy lies there.
  const temporaryBytes = TEMPORARY_BYTES + largest;
  const modelVolumes = model.source._binding.volumeBytes(largest);
  const needs: ResourceNeeds = { ...memory, volumeBytes: scratchBytes + temporaryBytes + modelVolumes };
  return {
    sized,
    resources,
    needs,
    scratchBytes,
    temporaryBytes,
    containerResources: renderResources(resources, needs),
  };
}

function resolveTimes({ schedule, deadline, startingDeadline, gracePeriod }: BatchJobProps) {
  const intervalMillis = intervalMillisOf(schedule);
  const interval = intervalMillis ?? Number.POSITIVE_INFINITY;
  return {
    intervalMillis,
    deadlineMillis: deadline === undefined ? Math.min(DAY_MILLIS, SHARE_OF_INTERVAL * interval) : millisOf(deadline),
    startingMillis:
      startingDeadline === undefined
        ? Math.max(LEAST_STARTING_MILLIS, Math.min(HOUR_MILLIS, interval / 2))
        : millisOf(startingDeadline),
    graceMillis: gracePeriod === undefined ? DEFAULT_GRACE_MILLIS : millisOf(gracePeriod),
  };
}

function resolveTables({ input, outputs, ledger: declared }: BatchJobProps) {
  const sinks = fileSinks(outputs).map(({ location }) => location);
  const [beside] = sinks;
  const ledger = declared?._location ?? (beside && { ...beside, what: 'ledger' as const });
  const bound = bindLocations([input._location, ...sinks, ...(ledger === undefined ? [] : [ledger])]);
  const [inputConfig, ...others] = bound.configs;
  const servers = redisSinks(outputs).map((options, index) => renderRedisServer(`redis-${index + 1}`, options));
  return {
    input: inputConfig as ObjectLocationConfig,
    files: others.slice(0, sinks.length),
    ledger: others[sinks.length],
    redis: servers.map(({ config }) => config),
    additions: mergeAdditions([bound.additions, ...servers.map(({ additions }) => additions)]),
  };
}

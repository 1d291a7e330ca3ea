import type { Construct } from 'constructs';
import {
  type EventSinkConfig,
  type EventSourceConfig,
  type ModelConfig,
  ROLES,
  type SchemaRegistryConfig,
} from '../contract';
import {
  bytesOf,
  DisruptionBudget,
  MEBIBYTE,
  type ModelResources,
  millisOf,
  NetworkPeer,
  renderEnvironment,
  renderResources,
  Scaling,
} from '../kubernetes';
import {
  Batching,
  type BoundModels,
  bindModels,
  type Capacity,
  CONFIG_MOUNT,
  mergeAdditions,
  type PodAdditions,
  type PodIdentity,
  renderFallback,
  renderFeatureLookup,
  renderPredictionLog,
  resolveCapacity,
  resolvePodIdentity,
  TEMPORARY_MOUNT,
} from '../online';
import { Delivery } from './delivery';
import { renderEventSink } from './event-sink';
import { renderEventSource } from './event-source';
import { EventFormat, renderRegistry } from './format';
import type { StreamingConsumerProps } from './streaming-consumer-props';

const DEFAULT_REPLICAS = 2;
const DEFAULT_ROWS = 500;
const DEFAULT_BATCH_BYTES = 4 * MEBIBYTE;
const DEFAULT_IN_FLIGHT = 4;
const DEFAULT_EVENT_BYTES = MEBIBYTE;
const DEFAULT_STUCK_MILLIS = 60_000;
const DEFAULT_LOAD_MILLIS = 2 * 60_000;
const DEFAULT_DRAIN_MILLIS = 30_000;
const DEFAULT_MONITORS = [NetworkPeer.namespace('monitoring')];

/** What clients of brokers hold that was fetched, or that waits to be sent. */
const CLIENT_BYTES = 64 * MEBIBYTE;

/** Values of a micro-batch: as they came, and as they go. */
const COPIES_OF_BATCH = 2;

/** The properties of a consumer, with every default decided. */
export interface StreamSettings extends PodIdentity, Omit<Capacity, 'sized'> {
  readonly scaling: Scaling;
  readonly disruptionBudget: DisruptionBudget;
  readonly resources: ModelResources;
  readonly delivery: Delivery;
  readonly inputFormat: EventFormat;
  readonly outputFormat: EventFormat;
  readonly batching: Batching;
  readonly maxRows: number;
  readonly maxDelayMillis: number;
  readonly maxBatchBytes: number;
  readonly maxInFlight: number;
  readonly maxEventBytes: number;
  readonly stuckMillis: number;
  readonly loadMillis: number;
  readonly drainMillis: number;
  readonly monitors: NetworkPeer[];
  /** Whether pods keep their names: members of a group, or transactional ids, are named by them. */
  readonly isNamed: boolean;
  /** Partitions of the source, where they are known. */
  readonly partitions: number | undefined;
  /** Most events that all replicas have in work. */
  readonly eventsInWork: number;
  /** The model, and the one behind it where there is one. */
  readonly models: BoundModels;
  /** Longest time of all downloads together. */
  readonly downloadMillis: number;
  readonly source: EventSourceConfig;
  readonly sink: EventSinkConfig | undefined;
  readonly deadLetter: EventSinkConfig | undefined;
  readonly inputRegistry: SchemaRegistryConfig | undefined;
  readonly outputRegistry: SchemaRegistryConfig | undefined;
  /** What is around the model. */
  readonly stages: Pick<ModelConfig, 'features' | 'fallback' | 'predictionLog'>;
  /** What all of it adds to the pod. */
  readonly additions: Required<PodAdditions>;
}

/** Decides everything that a user did not. */
export function resolveStreamSettings(construct: Construct, props: StreamingConsumerProps): StreamSettings {
  const { model, resources = {}, delivery = Delivery.atLeastOnce() } = props;
  const { name: modelName, version } = model;
  const subject = { name: modelName, version, component: ROLES.stream, called: [modelName, ROLES.stream] };
  const identity = resolvePodIdentity(construct, props, subject);
  const replicas = resolveReplicas(props);
  const work = resolveWork(props, replicas.scaling);
  const parts = resolveParts(props, work);
  const { sized, ...capacity } = resolveCapacity(props, resources, parts.additions);
  return {
    ...identity,
    ...replicas,
    ...work,
    ...parts,
    ...capacity,
    resources,
    delivery,
    isNamed: delivery._guarantee === 'exactly-once' || isStatic(props),
    disruptionBudget: props.disruptionBudget ?? DisruptionBudget.maxUnavailable(1),
    stuckMillis: props.stuckAfter === undefined ? DEFAULT_STUCK_MILLIS : millisOf(props.stuckAfter),
    loadMillis: props.maxLoadTime === undefined ? DEFAULT_LOAD_MILLIS : millisOf(props.maxLoadTime),
    monitors: props.monitors ?? DEFAULT_MONITORS,
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

function isStatic({ source: { _source: source } }: StreamingConsumerProps): boolean {
  return source.type === 'kafka' && source.options.staticMembership === true;
}

function resolveReplicas({ source: { _source: source }, replicas, scaling }: StreamingConsumerProps) {
  const partitions = source.type === 'kafka' ? source.options.partitions : undefined;
  const few = Math.max(1, Math.min(DEFAULT_REPLICAS, partitions ?? DEFAULT_REPLICAS));
  return { partitions, scaling: scaling ?? Scaling.fixed(replicas ?? few) };
}

function resolveWork(props: StreamingConsumerProps, { maxReplicas }: Scaling) {
  const { model, maxInFlight = DEFAULT_IN_FLIGHT, maxBatchBytes, maxEventSize, drainTime } = props;
  const oneByOne = model.signature?.inputs.some(({ shape }) => shape[0] === 1) === true;
  const batching = props.batching ?? (oneByOne ? Batching.none() : Batching.dynamic());
  const { maxBatchSize: maxRows = DEFAULT_ROWS, maxDelay } = batching._options;
  return {
    batching,
    maxRows,
    maxDelayMillis: maxDelay === undefined ? 0 : Math.ceil(millisOf(maxDelay)),
    maxBatchBytes: maxBatchBytes === undefined ? DEFAULT_BATCH_BYTES : bytesOf(maxBatchBytes),
    maxInFlight,
    maxEventBytes: maxEventSize === undefined ? DEFAULT_EVENT_BYTES : bytesOf(maxEventSize),
    drainMillis: drainTime === undefined ? DEFAULT_DRAIN_MILLIS : millisOf(drainTime),
    eventsInWork: maxReplicas * maxInFlight * maxRows,
  };
}

function resolveParts(props: StreamingConsumerProps, work: ReturnType<typeof resolveWork>) {
  const { format: inputFormat = EventFormat.json(), outputFormat = EventFormat.json() } = props;
  const source = renderEventSource(props.source, { drainMillis: work.drainMillis, events: work.eventsInWork });
  const sink = renderEventSink('sink', props.sink);
  const deadLetter = props.deadLetter && renderEventSink('dead-letter', props.deadLetter);
  const inputRegistry = renderRegistry('registry', inputFormat);
  const outputRegistry = renderRegistry('output-registry', outputFormat);
  const features = props.features && renderFeatureLookup(props.features, work.drainMillis);
  const fallback = props.fallback && renderFallback(props.fallback);
  const predictionLog = props.predictionLog && renderPredictionLog(props.predictionLog);
  const memoryBytes = CLIENT_BYTES + COPIES_OF_BATCH * work.maxInFlight * work.maxBatchBytes;
  const all = [source, sink, deadLetter, inputRegistry, outputRegistry, features, fallback, predictionLog];
  return {
    inputFormat,
    outputFormat,
    source: source.config,
    sink: sink.config,
    deadLetter: deadLetter?.config,
    inputRegistry: inputRegistry.config,
    outputRegistry: outputRegistry.config,
    stages: { features: features?.config, fallback: fallback?.config, predictionLog: predictionLog?.config },
    additions: mergeAdditions([
      ...all.filter((part) => part !== undefined).map(({ additions }) => additions),
      { memoryBytes: Number.isSafeInteger(memoryBytes) ? memoryBytes : 0 },
    ]),
  };
}

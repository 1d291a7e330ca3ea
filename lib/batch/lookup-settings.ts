import { Duration } from 'cdk8s';
import type { Construct } from 'constructs';
import { type RedisTableConfig, ROLES, SERVER_DEFAULTS, type ServerConfig } from '../contract';
import {
  bytesOf,
  type ContainerResources,
  DisruptionBudget,
  defaultDrainMillis,
  MEBIBYTE,
  millisOf,
  NetworkPeer,
  type ResourceNeeds,
  renderResources,
  Scaling,
} from '../kubernetes';
import {
  mergeAdditions,
  type PodAdditions,
  type PodIdentity,
  queueMemoryBytes,
  renderAuthentication,
  renderLimits,
  renderRedisServer,
  renderServingTls,
  resolvePodIdentity,
} from '../online';
import type { PredictionLookupProps } from './prediction-lookup-props';
import type { PredictionTable } from './prediction-table';

const DEFAULT_VERSION = 'lookup';
const DEFAULT_REPLICAS = 2;
const DEFAULT_BUDGET = Duration.seconds(1);
const DEFAULT_TIMEOUT = Duration.millis(100);
const DEFAULT_CLIENTS = [NetworkPeer.sameNamespace()];
const DEFAULT_MONITORS = [NetworkPeer.namespace('monitoring')];

/** Intervals of a schedule that a run is fresh for: one run may be late, or fail. */
const FRESH_INTERVALS = 2;

/** Where the runtime keeps what it has compiled, for a faster restart. */
export const TEMPORARY_BYTES = 64 * MEBIBYTE;

/** Time to connect to Redis, and to find that there is a run. */
export const READY_MILLIS = 60_000;

/** The properties of a lookup, with every default decided. */
export interface LookupSettings extends PodIdentity {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly scaling: Scaling;
  readonly disruptionBudget: DisruptionBudget;
  readonly needs: ResourceNeeds;
  readonly containerResources: ContainerResources;
  readonly budgetMillis: number;
  readonly drainMillis: number;
  readonly timeoutMillis: number;
  readonly maxAgeMillis: number | undefined;
  readonly maxBodyBytes: number;
  readonly clients: NetworkPeer[];
  readonly monitors: NetworkPeer[];
  /** The table of the job; absent = there is none, or several. */
  readonly source: PredictionTable | undefined;
  readonly table: RedisTableConfig;
  readonly key: string;
  readonly server: Pick<ServerConfig, 'limits' | 'authentication' | 'tls' | 'cors' | 'docs'>;
  readonly additions: Required<PodAdditions>;
}

/** Decides everything that a user did not. */
export function resolveLookupSettings(construct: Construct, props: PredictionLookupProps): LookupSettings {
  const { job, latencyBudget = DEFAULT_BUDGET, timeout = DEFAULT_TIMEOUT, limits = {} } = props;
  const { modelName = job.model.name, modelVersion = DEFAULT_VERSION } = props;
  const budgetMillis = millisOf(latencyBudget);
  const needs: ResourceNeeds = { bufferBytes: queueMemoryBytes(limits), volumeBytes: TEMPORARY_BYTES };
  const source = tableOf(props);
  return {
    ...resolvePodIdentity(construct, props, {
      name: modelName,
      version: modelVersion,
      component: ROLES.lookup,
      called: [modelName, modelVersion],
    }),
    modelName,
    modelVersion,
    scaling: props.scaling ?? Scaling.fixed(props.replicas ?? DEFAULT_REPLICAS),
    disruptionBudget: props.disruptionBudget ?? DisruptionBudget.maxUnavailable(1),
    needs,
    containerResources: renderResources(props.resources ?? {}, needs),
    budgetMillis,
    drainMillis: props.drainTime ? millisOf(props.drainTime) : defaultDrainMillis(budgetMillis),
    timeoutMillis: millisOf(timeout),
    maxAgeMillis: maxAgeOf(props, source),
    maxBodyBytes: props.maxBodySize ? bytesOf(props.maxBodySize) : SERVER_DEFAULTS.maxBodyBytes,
    clients: props.clients ?? (props.gateway === undefined ? DEFAULT_CLIENTS : [props.gateway.networkPeer]),
    monitors: props.monitors ?? DEFAULT_MONITORS,
    source,
    key: props.key ?? source?.options.key ?? '',
    ...resolveParts(props, source),
  };
}

/** The table of the job that is looked up: the one that is named, or the only one. */
function tableOf({ job: { _tables: tables }, table }: PredictionLookupProps): PredictionTable | undefined {
  const named = tables.filter((each) => table === undefined || each.table === table);
  return named.length === 1 ? named[0] : undefined;
}

function maxAgeOf({ maxAge }: PredictionLookupProps, source: PredictionTable | undefined): number | undefined {
  return maxAge === undefined ? source?.intervalMillis && FRESH_INTERVALS * source.intervalMillis : millisOf(maxAge);
}

function resolveParts(props: PredictionLookupProps, source: PredictionTable | undefined) {
  const redis = renderRedisServer('redis', props.redis ?? source?.options ?? { address: '' });
  const authentication = props.authentication && renderAuthentication(props.authentication);
  const tls = props.tls && renderServingTls(props.tls);
  const parts = [redis, authentication, tls].filter((part) => part !== undefined);
  return {
    table: { ...redis.config, table: source?.table ?? '' },
    server: {
      limits: props.limits && renderLimits(props.limits),
      authentication: authentication?.config,
      tls: tls?.config,
      cors: props.cors && { origins: props.cors },
      docs: props.docs,
    },
    additions: mergeAdditions(parts.map(({ additions }) => additions)),
  };
}

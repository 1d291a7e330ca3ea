import { Duration, Size } from 'cdk8s';
import { Cpu } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { ROLES } from '../contract';
import {
  at,
  type ContainerResources,
  MEBIBYTE,
  type ModelResources,
  millisOf,
  NetworkPeer,
  type ResourceNeeds,
  renderResources,
} from '../kubernetes';
import { type OnlineModel, type PodIdentity, resolvePodIdentity } from '../online';
import type { CanaryRolloutProps } from './canary-rollout-props';
import { hasReports } from './declared-outcomes';
import { MetricsSource } from './metrics-source';
import { MissingData } from './missing-data';

const DEFAULT_INTERVAL = Duration.seconds(2);
const DEFAULT_STEP_TIME = Duration.hours(6);
const DEFAULT_MISSING_DATA = MissingData.hold({ atMost: Duration.hours(1) });
const DEFAULT_MONITORS = [NetworkPeer.namespace('monitoring')];
const DEFAULT_REPORTERS = [NetworkPeer.sameNamespace()];
const DEFAULT_METRICS_TIMEOUT_MILLIS = 5_000;
const LEAST_DEAD_MAN_MILLIS = 60_000;
const INTERVALS_OF_DEAD_MAN = 6;

const DEFAULT_MEMORY_BYTES = 192 * MEBIBYTE;

/** Requests that wait to be compared, and answers of both versions. */
const COMPARISON_BYTES = 64 * MEBIBYTE;

/** Where the runtime keeps what it has compiled, for a faster restart. */
export const TEMPORARY_BYTES = 64 * MEBIBYTE;

/** The properties of a rollout, with every default decided. */
export interface Settings extends PodIdentity {
  readonly resources: ModelResources;
  readonly needs: ResourceNeeds;
  readonly containerResources: ContainerResources;
  readonly monitors: NetworkPeer[];
  readonly outcomeReporters: NetworkPeer[];
  readonly missingData: MissingData;
  readonly metrics: MetricsSource;
  readonly metricsTimeoutMillis: number;
  readonly intervalMillis: number;
  readonly maxStepMillis: number;
  readonly readyMillis: number;
  readonly deadManMillis: number;
  readonly statusPage: boolean;
  /** Whether a step compares answers. */
  readonly compares: boolean;
  /** Whether applications report outcomes. */
  readonly reports: boolean;
}

/** Decides everything that a user did not. */
export function resolveSettings(construct: Construct, props: CanaryRolloutProps): Settings {
  const { candidate, steps, interval = DEFAULT_INTERVAL, maxStepTime = DEFAULT_STEP_TIME } = props;
  const { name, version } = candidate.model;
  const compares = steps.some(({ _step: { comparePercent } }) => comparePercent !== undefined);
  const needs = { bufferBytes: compares ? COMPARISON_BYTES : 0, volumeBytes: TEMPORARY_BYTES };
  const resources = resourcesOf(props.resources ?? {}, needs);
  const intervalMillis = millisOf(interval);
  const metrics = props.metrics ?? MetricsSource.direct();
  return {
    ...resolvePodIdentity(construct, props, {
      name,
      version,
      component: ROLES.rollout,
      called: [name, ROLES.rollout],
    }),
    resources,
    needs,
    containerResources: renderResources(resources, needs),
    monitors: props.monitors ?? DEFAULT_MONITORS,
    outcomeReporters: props.outcomeReporters ?? DEFAULT_REPORTERS,
    missingData: props.onMissingData ?? DEFAULT_MISSING_DATA,
    metrics,
    metricsTimeoutMillis:
      metrics._timeout === undefined
        ? Math.min(DEFAULT_METRICS_TIMEOUT_MILLIS, intervalMillis)
        : millisOf(metrics._timeout),
    intervalMillis,
    maxStepMillis: millisOf(maxStepTime),
    readyMillis: props.readyTimeout === undefined ? progressMillisOf(candidate) : millisOf(props.readyTimeout),
    deadManMillis:
      props.deadManAfter === undefined
        ? Math.max(LEAST_DEAD_MAN_MILLIS, INTERVALS_OF_DEAD_MAN * intervalMillis)
        : millisOf(props.deadManAfter),
    statusPage: props.statusPage ?? false,
    compares,
    reports: hasReports(props.guardrails),
  };
}

/** A controller is far smaller than a model; what a user says of CPU or memory counts as a whole. */
function resourcesOf(given: ModelResources, needs: ResourceNeeds): ModelResources {
  const ownCpu = given.cpu ?? given.cpuLimit;
  const ownMemory = given.memory ?? given.memoryLimit;
  return {
    ...given,
    ...(ownCpu === undefined ? { cpu: Cpu.millis(100), cpuLimit: Cpu.units(1) } : {}),
    ...(ownMemory === undefined
      ? { memory: Size.mebibytes((DEFAULT_MEMORY_BYTES + needs.bufferBytes) / MEBIBYTE) }
      : {}),
  };
}

function progressMillisOf({ deployment }: OnlineModel): number {
  return Number(at(deployment.toJson(), 'spec', 'progressDeadlineSeconds')) * 1000;
}

import {
  GATEWAY_PORTS,
  type GuardrailConfig,
  type NotificationConfig,
  ROLLOUT_SCHEMA,
  type RolloutArmConfig,
  type RolloutConfig,
  type RolloutStepConfig,
} from '../contract';
import type { TrafficSplit } from '../gateway';
import { millisOf } from '../kubernetes';
import type { OnlineModel } from '../online';
import type { CanaryRolloutProps } from './canary-rollout-props';
import type { CanaryStep } from './canary-step';
import { outcomesOf, renderOutcome } from './declared-outcomes';
import { alphaOf, type Guardrail } from './guardrail';
import { DesiredChange } from './outcome-metric';
import type { Settings } from './rollout-settings';
import { replicasOf } from './served-version';
import { shareOf } from './step-rules';

/** What the configuration of a controller is made of. */
export interface RolloutConfigInput {
  readonly props: CanaryRolloutProps;
  readonly settings: Settings;
  readonly split: TrafficSplit;
  readonly notifications: NotificationConfig[];
}

/** The configuration file of a controller. The same input gives the same text, byte by byte. */
export function renderRolloutConfig({ props, settings, split, notifications }: RolloutConfigInput): string {
  const { stable, candidate } = props;
  const { metrics, missingData } = settings;
  const outcomes = outcomesOf(props.guardrails);
  const config: RolloutConfig = {
    schema: ROLLOUT_SCHEMA,
    name: settings.name,
    model: candidate.model.name,
    stable: {
      ...armOf(stable),
      podsHost: split.stablePodsHost,
      clusters: split.stableClusters,
      shadowClusters: [],
    },
    candidate: {
      ...armOf(candidate),
      podsHost: split.candidatePodsHost,
      clusters: split.candidateClusters,
      shadowClusters: split.shadowClusters,
      pinClusters: hasHeader(props.steps) ? split.pinClusters : undefined,
    },
    gateway: {
      podsHost: split.proxyPodsHost,
      agentPort: GATEWAY_PORTS.agent,
      metricsPort: GATEWAY_PORTS.metrics,
    },
    metrics: {
      type: metrics._type,
      url: metrics._url,
      labels: metrics._labels,
      timeoutMillis: Math.ceil(settings.metricsTimeoutMillis),
    },
    outcomes: outcomes.length === 0 ? undefined : outcomes.map(renderOutcome),
    steps: props.steps.map(renderStep),
    guardrails: props.guardrails.map(renderGuardrail),
    missingData: { holdMillis: Math.ceil(millisOf(missingData._atMost)), action: missingData._afterwards },
    intervalMillis: Math.ceil(settings.intervalMillis),
    maxStepMillis: Math.ceil(settings.maxStepMillis),
    readyTimeoutMillis: Math.ceil(settings.readyMillis),
    sticky: props.stickiness === undefined ? undefined : true,
    notifications,
    statusPage: settings.statusPage,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

function hasHeader(steps: CanaryStep[]): boolean {
  return steps.some(({ _step: { type } }) => type === 'header');
}

function armOf(version: OnlineModel): Pick<RolloutArmConfig, 'version' | 'sha256' | 'url' | 'minReady'> {
  return {
    version: version.model.version,
    sha256: version.model.sha256,
    url: version.url,
    minReady: replicasOf(version).least,
  };
}

function renderStep({ _step: step }: CanaryStep): RolloutStepConfig {
  const { type, percent, comparePercent, minDuration, minSamples } = step;
  return {
    type,
    share: percent === undefined ? undefined : shareOf(percent),
    comparison: comparePercent === undefined ? undefined : shareOf(comparePercent),
    minMillis: minDuration === undefined ? undefined : Math.ceil(millisOf(minDuration)),
    minSamples,
  };
}

const WORSE: Readonly<Record<DesiredChange, string>> = {
  [DesiredChange.INCREASE]: 'lower-is-worse',
  [DesiredChange.DECREASE]: 'higher-is-worse',
};

function renderGuardrail({ _guardrail: guardrail }: Guardrail): GuardrailConfig {
  const { name, type, max, margin, budget, tolerance, outcome, desiredChange, minSamples } = guardrail;
  return {
    name,
    type,
    max,
    margin,
    budgetMillis: budget === undefined ? undefined : millisOf(budget),
    tolerance,
    outcome: outcome?.name,
    direction: desiredChange && WORSE[desiredChange],
    alpha: alphaOf(guardrail),
    minSamples,
  };
}

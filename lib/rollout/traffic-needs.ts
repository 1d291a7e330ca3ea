import { type ITrafficRouter, TrafficCapability, type TrafficSplit } from '../gateway';
import { quote, RULES, type Violation, violation } from '../kubernetes';
import type { CanaryRolloutProps } from './canary-rollout-props';
import { type CanaryStep, stepName } from './canary-step';

/** What a rollout needs a router for, and what of it. */
interface Need {
  readonly capability: TrafficCapability;
  readonly what: string;
}

/** What a rollout needs its router to be able to do. */
export function trafficNeeds(props: CanaryRolloutProps): TrafficCapability[] {
  return [...new Set(needsOf(props).map(({ capability }) => capability))];
}

/** Checks that the router can do it. */
export function checkRouter(props: CanaryRolloutProps): Violation[] {
  const able = props.gateway.trafficCapabilities;
  return needsOf(props)
    .filter(({ capability }) => !able.includes(capability))
    .map(({ capability, what }) =>
      violation(
        RULES.routerCapability,
        `${what} needs ${quote(capability)}, and the gateway ${quote(props.gateway.node.path)} can do ${able.length === 0 ? 'nothing' : able.map(quote).join(', ')}.`,
        'Take a ModelGateway, which can do all of it, or leave it out.',
      ),
    );
}

/** Whether the router can do what it is asked for. */
export function isAble(router: ITrafficRouter, needs: TrafficCapability[]): boolean {
  return needs.every((need) => router.trafficCapabilities.includes(need));
}

/** What is told when nothing was asked for. */
export const NO_SPLIT: TrafficSplit = {
  stableClusters: [],
  candidateClusters: [],
  shadowClusters: [],
  stablePodsHost: '',
  candidatePodsHost: '',
  proxyPodsHost: '',
};

/** Checks that a header step which waits for samples can see them. */
export function checkPins(steps: CanaryStep[], split: TrafficSplit): Violation[] {
  if (split === NO_SPLIT || split.pinClusters !== undefined) {
    return [];
  }
  return steps.flatMap((step, index) =>
    step._step.type === 'header' && step._step.minSamples !== undefined
      ? [
          violation(
            RULES.routerCapability,
            `${stepName(step, index)} has minSamples, and the gateway does not tell where requests with the header are counted.`,
            'Take a ModelGateway, which does, or leave minSamples out.',
          ),
        ]
      : [],
  );
}

function needsOf({ steps, stickiness }: CanaryRolloutProps): Need[] {
  return [
    // The promotion is one.
    { capability: TrafficCapability.WEIGHT, what: 'A rollout' },
    ...steps.flatMap(needOf),
    ...(stickiness === undefined ? [] : [{ capability: TrafficCapability.STICKINESS, what: 'stickiness' }]),
  ];
}

function needOf({ _step: { type } }: CanaryStep, index: number): Need[] {
  switch (type) {
    case 'shadow':
      return [{ capability: TrafficCapability.MIRROR, what: `steps[${index}] (shadow)` }];
    case 'header':
      return [{ capability: TrafficCapability.HEADER, what: `steps[${index}] (header)` }];
    default:
      return [];
  }
}

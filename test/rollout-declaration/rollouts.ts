import { type Chart, Duration } from 'cdk8s';
import {
  CanaryRollout,
  type CanaryRolloutProps,
  CanaryStep,
  Guardrail,
  type Model,
  OnlineModel,
  type OnlineModelProps,
} from 'cdk8s-model-serving';
import { type Manifest, newChart, only, remoteModel } from '../support/manifests';
import { StubRouter } from './stub-router';

/** A step that waits for enough. */
export const ENOUGH = { minDuration: Duration.minutes(10), minSamples: 1000 };

/** What is declared, and the constructs that it is made of. */
export interface DeclaredRollout {
  readonly chart: Chart;
  readonly router: StubRouter;
  readonly stable: OnlineModel;
  readonly candidate: OnlineModel;
  readonly rollout: CanaryRollout;
}

/** How a rollout differs from the plainest one. */
export interface Variation {
  readonly stable?: Partial<OnlineModelProps>;
  readonly candidate?: Partial<OnlineModelProps>;
  readonly props?: Partial<CanaryRolloutProps>;
  readonly router?: (chart: Chart) => StubRouter;
}

/** A version of iris, whose file is far away. */
export const iris = (version: string): Model => remoteModel({ version });

/** Declares the plainest rollout, changed as it is said. */
export function declareRollout({ stable, candidate, props, router }: Variation = {}): DeclaredRollout {
  const chart = newChart();
  const gateway = router?.(chart) ?? new StubRouter(chart, 'router');
  const arms = {
    stable: new OnlineModel(chart, 'v1', { model: iris('v1'), ...stable }),
    candidate: new OnlineModel(chart, 'v2', { model: iris('v2'), ...candidate }),
  };
  const rollout = new CanaryRollout(chart, 'rollout', {
    gateway,
    ...arms,
    steps: [CanaryStep.weight(10, ENOUGH)],
    guardrails: [Guardrail.errorRate({ max: 0.01 })],
    ...props,
  });
  return { chart, router: gateway, ...arms, rollout };
}

/** Objects of the rollout itself. */
export function objectsOf({ chart, rollout }: DeclaredRollout): Manifest[] {
  return chart.toJson().filter(({ metadata }: Manifest) => metadata.name.startsWith(rollout.name));
}

/** Objects of a rollout that is declared with such properties. */
export function synthesizeRollout(props: Partial<CanaryRolloutProps> = {}): Manifest[] {
  return objectsOf(declareRollout({ props }));
}

/** The configuration of the controller. */
export function rolloutConfigOf(objects: Manifest[]): Manifest {
  return JSON.parse(only(objects, 'ConfigMap', '-config-').data['config.json']);
}

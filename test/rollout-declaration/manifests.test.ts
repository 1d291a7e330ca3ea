import { Duration } from 'cdk8s';
import {
  type CanaryRolloutProps,
  CanaryStep,
  DesiredChange,
  Guardrail,
  MetricsSource,
  Notification,
  OutcomeMetric,
  Stickiness,
} from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import { KubernetesSchema } from '../support/kubernetes-schema';
import { newChart } from '../support/manifests';
import { describeWith, KUBERNETES_SCHEMAS } from '../support/requires';
import { ENOUGH, synthesizeRollout } from './rollouts';

/** Rollouts that together have every object and every field. */
const DECLARED: { readonly [name: string]: () => Partial<CanaryRolloutProps> } = {
  'the plainest one': () => ({}),

  'one with everything': () => ({
    steps: [
      CanaryStep.shadow({ percent: 100, comparePercent: 10, minSamples: 500 }),
      CanaryStep.header('x-canary', 'yes', { minDuration: Duration.hours(1), minSamples: 20 }),
      CanaryStep.weight(10, ENOUGH),
      CanaryStep.pause(),
      CanaryStep.analysis({ duration: Duration.hours(1), minSamples: 5000 }),
    ],
    guardrails: [
      Guardrail.errorRate({ max: 0.01 }),
      Guardrail.errorRateIncrease({ margin: 0.005 }),
      Guardrail.latency({ budget: Duration.millis(100), maxShareOver: 0.01 }),
      Guardrail.latencyIncrease({ budget: Duration.millis(100), margin: 0.01 }),
      Guardrail.disagreement({ max: 0.1, tolerance: 0.01 }),
      Guardrail.outcome({
        metric: OutcomeMetric.reported('revenue', { cap: 500 }),
        desiredChange: DesiredChange.INCREASE,
        margin: 0.05,
      }),
      Guardrail.outcome({
        metric: OutcomeMetric.prometheus('complaints', {
          url: 'http://prometheus.monitoring:9090',
          count: 'complaints_count{version="{version}"}',
          sum: 'complaints_sum{version="{version}"}',
          sumOfSquares: 'complaints_squares_sum{version="{version}"}',
        }),
        desiredChange: DesiredChange.DECREASE,
        margin: 0,
      }),
    ],
    metrics: MetricsSource.prometheus({ url: 'https://prometheus.example.com', labels: { namespace: 'ml' } }),
    stickiness: Stickiness.byHeader('x-user-id'),
    notifications: [
      Notification.webhook('https://hooks.example.com/rollouts', {
        authorization: { secret: Secret.fromSecretName(newChart(), 'secret', 'hooks'), key: 'authorization' },
      }),
    ],
  }),
};

describe.each(Object.entries(DECLARED))('%s', (_name, declare) => {
  test('has the same manifests as before', () => {
    expect(synthesizeRollout(declare())).toMatchSnapshot();
  });

  describeWith('is what the API server takes', KUBERNETES_SCHEMAS, () => {
    test.each(['1.28', '1.34'])('Kubernetes %s', (version) => {
      const schema = new KubernetesSchema(version);
      expect(synthesizeRollout(declare()).flatMap((object) => schema.problems(object))).toEqual([]);
    });
  });
});

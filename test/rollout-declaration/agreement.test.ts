import { Duration } from 'cdk8s';
import {
  type CanaryRolloutProps,
  CanaryStep,
  DeadMan,
  DesiredChange,
  Guardrail,
  MetricsSource,
  MissingData,
  MissingDataAction,
  Notification,
  OutcomeMetric,
  Stickiness,
} from 'cdk8s-model-serving';
import fc from 'fast-check';
import { readRolloutConfig } from '../../runtime/src/config';
import { codesIn, failureOf } from '../support/manifests';
import { declareRollout, objectsOf, rolloutConfigOf } from './rollouts';

/** Mostly values that are right, so that whole declarations are. */
const mostlyOf = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 20, arbitrary: right }, { weight: 1, arbitrary: wrong });
const mostly = <T>(right: T[], wrong: T[]) =>
  fc.oneof({ weight: 100, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: fc.constantFrom(...wrong) });

const percents = mostly([0.01, 1, 10, 33.33, 50, 99.99], [0, 0.005, 100, 101, Number.NaN]);
const shares = mostly([0, 0.001, 0.5], [-1, 1, Number.NaN]);
const counts = mostly([1, 200, 1e9], [0, 1.5, 1e12]);
const times = (...right: number[]) => mostly(right, [0, 0.5, 2 ** 31]).map((millis) => Duration.millis(millis));
const durations = times(1, 100, 30_000, 600_000);

const shadow = fc
  .record({ percent: percents, minSamples: counts, comparePercent: percents })
  .map((options) => CanaryStep.shadow(options));
const header = fc
  .record({ minDuration: durations, minSamples: fc.option(counts, { nil: undefined }) })
  .map((options) => CanaryStep.header('x-canary', 'yes', options));
const analysis = fc.record({ duration: durations, minSamples: counts }).map((options) => CanaryStep.analysis(options));
const weights = fc
  .tuple(fc.subarray([0.01, 0.07, 5, 33.33, 99.99], { minLength: 1 }), durations, counts)
  .map(([list, minDuration, minSamples]) => list.map((each) => CanaryStep.weight(each, { minDuration, minSamples })));
const steps = fc
  .tuple(
    fc.array(shadow, { minLength: 1, maxLength: 2 }),
    fc.option(header),
    weights,
    fc.option(analysis),
    fc.boolean(),
  )
  .map(([shadows, pinned, shared, looked, isPaused]) => [
    ...shadows,
    ...(pinned === null ? [] : [pinned]),
    ...shared,
    ...(looked === null ? [] : [looked]),
    ...(isPaused ? [CanaryStep.pause()] : []),
  ]);

const common = {
  confidence: mostly([0.5, 0.95, 0.99], [0.4, 1]),
  minSamples: counts,
  name: mostly(['a', 'b', 'c', 'd'], ['']),
};
const query = mostly(['x{version="{version}"}'], ['x']);
const outcomeMetric = fc.oneof(
  fc.record({ cap: mostly([0.1, 100], [0]) }).map((options) => OutcomeMetric.reported('revenue', options)),
  fc.constant(OutcomeMetric.reportedRatio('clicks')),
  fc
    .record({ count: query, sum: query, sumOfSquares: query })
    .map((queries) => OutcomeMetric.prometheus('watched', { ...queries, url: 'http://prometheus.monitoring:9090' })),
);
const guardrail = fc.oneof(
  fc.record({ ...common, max: shares }).map((it) => Guardrail.errorRate(it)),
  fc.record({ ...common, margin: shares }).map((it) => Guardrail.errorRateIncrease(it)),
  fc.record({ ...common, budget: durations, maxShareOver: shares }).map((it) => Guardrail.latency(it)),
  fc.record({ ...common, budget: durations, margin: shares }).map((it) => Guardrail.latencyIncrease(it)),
  fc.record({ ...common, max: shares, tolerance: shares }).map((it) => Guardrail.disagreement(it)),
  fc
    .record({
      ...common,
      metric: outcomeMetric,
      desiredChange: fc.constantFrom(...Object.values(DesiredChange)),
      margin: mostly([0, 0.5, 250], [-1, Number.NaN]),
      minSamples: mostly([1000, 5000], [999]),
    })
    .map((it) => Guardrail.outcome(it)),
);

const rollout: fc.Arbitrary<Partial<CanaryRolloutProps>> = fc.record({
  steps: mostlyOf(steps, fc.constantFrom([], [CanaryStep.pause()])),
  guardrails: fc.uniqueArray(guardrail, { minLength: 1, maxLength: 3, selector: ({ _guardrail: { name } }) => name }),
  onMissingData: fc
    .tuple(times(900_000, 86_400_000), fc.constantFrom(...Object.values(MissingDataAction)))
    .map(([atMost, afterwards]) => MissingData.hold({ atMost, afterwards })),
  metrics: mostly(
    [
      MetricsSource.direct(),
      MetricsSource.prometheus({ url: 'http://prometheus.monitoring:9090', labels: { namespace: 'ml' } }),
    ],
    [MetricsSource.prometheus({ url: 'prometheus' })],
  ),
  notifications: mostly([[], [Notification.webhook('https://hooks.example.com')]], [[Notification.webhook('chat')]]),
  stickiness: fc.constantFrom(undefined, Stickiness.byHeader('x-user-id')),
  interval: times(1000, 10_000, 300_000),
  maxStepTime: durations,
  readyTimeout: durations,
  deadMan: fc.constantFrom(...Object.values(DeadMan)),
  statusPage: fc.boolean(),
});

const read = (props: Partial<CanaryRolloutProps>) => {
  const declared = declareRollout({ props });
  const codes = codesIn(failureOf(declared.chart));
  return {
    codes,
    read: () => readRolloutConfig(rolloutConfigOf([declared.rollout.configMap.toJson()]), 'config.json'),
  };
};

test('the controller reads what is declared, as it is declared', () => {
  const declared = declareRollout();
  const config = rolloutConfigOf(objectsOf(declared));
  expect(readRolloutConfig(config, 'config.json')).toEqual(config);
});

test('whatever the library takes, the controller takes', () => {
  let taken = 0;
  fc.assert(
    fc.property(rollout, (props) => {
      const { codes, read: load } = read(props);
      if (codes.length === 0) {
        taken += 1;
        load();
      }
    }),
    { numRuns: 200 },
  );
  expect(taken).toBeGreaterThan(30);
});

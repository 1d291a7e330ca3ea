import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Chart, Duration, JsonPatch } from 'cdk8s';
import {
  Authentication,
  CanaryRollout,
  CanaryStep,
  DesiredChange,
  Fallback,
  FeatureLookup,
  Guardrail,
  MetricsSource,
  MissingData,
  Model,
  ModelSource,
  Notification,
  OnlineModel,
  type OutcomeGuardrailOptions,
  OutcomeMetric,
  type PrometheusOutcomeOptions,
  Scaling,
  ServingTls,
  Stickiness,
  TrafficCapability,
} from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import { RULES } from '../../lib/kubernetes';
import type { ROLLOUT_RULES } from '../../lib/kubernetes/rules/rollout-rules';
import { codesIn, failureOf, newChart, remoteModel } from '../support/manifests';
import { buildOnnx } from '../support/onnx-builder';
import { temporaryDirectory } from '../support/temporary';
import { type DeclaredRollout, declareRollout, ENOUGH, iris, type Variation } from './rollouts';
import { StubRouter } from './stub-router';

type Declaration = Variation | (() => DeclaredRollout);
type Tensors = Parameters<typeof buildOnnx>[0]['inputs'];

const directory = temporaryDirectory();
const { WEIGHT, MIRROR, HEADER } = TrafficCapability;
const FLOAT = 1;
const INT64 = 7;
const ROW = { name: 'x', type: FLOAT, shape: ['n', 4] };
const LABEL = { name: 'label', type: INT64, shape: ['n'] };
const SCORES = { name: 'scores', type: FLOAT, shape: ['n', 3] };

let files = 0;
/** A version whose file has such inputs and outputs. */
function known(version: string, inputs: Tensors, outputs: Tensors): Model {
  const path = join(directory, `model-${files++}.onnx`);
  writeFileSync(path, buildOnnx({ inputs, nodes: [], outputs }));
  return Model.onnx({ name: 'iris', version, source: ModelSource.file(path) });
}

/** Versions with such inputs. */
const inputs = (stable: Tensors, candidate: Tensors): Variation => ({
  stable: { model: known('v1', stable, [LABEL]) },
  candidate: { model: known('v2', candidate, [LABEL]) },
});

/** Versions with such outputs. */
const outputs = (stable: Tensors, candidate: Tensors): Variation => ({
  stable: { model: known('v1', [ROW], stable) },
  candidate: { model: known('v2', [ROW], candidate) },
});

const steps = (...list: CanaryStep[]): Variation => ({ props: { steps: list } });
const guardrails = (...list: Guardrail[]): Variation => ({ props: { guardrails: list } });
const capable =
  (...capabilities: TrafficCapability[]) =>
  (chart: Chart) =>
    new StubRouter(chart, 'router', capabilities);

const shadow = (percent: number, comparePercent?: number) =>
  CanaryStep.shadow({ percent, comparePercent, minSamples: 500 });
const weight = (percent: number) => CanaryStep.weight(percent, ENOUGH);
const header = (name: string, value: string = 'yes') => CanaryStep.header(name, value, ENOUGH);
const QUICK = { duration: Duration.seconds(10), minSamples: 1 };
const outcome = (metric: OutcomeMetric, changes: Partial<OutcomeGuardrailOptions> = {}) =>
  Guardrail.outcome({ metric, desiredChange: DesiredChange.INCREASE, margin: 0.1, ...changes });
const REVENUE = OutcomeMetric.reported('revenue');
const asked = (changes: Partial<PrometheusOutcomeOptions> = {}) =>
  OutcomeMetric.prometheus('revenue', {
    url: 'http://prometheus.monitoring:9090',
    count: 'revenue_count{version="{version}"}',
    sum: 'revenue_sum{version="{version}"}',
    sumOfSquares: 'revenue_squares{version="{version}"}',
    ...changes,
  });
const errorRate = (max: number) => Guardrail.errorRate({ max });
const hold = (atMost: Duration): Variation => ({ props: { onMissingData: MissingData.hold({ atMost }) } });

const TLS = ServingTls.secret(Secret.fromSecretName(newChart(), 'tls', 'tls'));

/** Compares answers with such a tolerance. */
const toleranceOf = (tolerance: number): Variation => ({
  props: { steps: [shadow(10, 1)], guardrails: [Guardrail.disagreement({ max: 0.1, tolerance })] },
});
const comparedWith = (tolerance: number): Variation => ({
  ...outputs([SCORES, LABEL], [SCORES, LABEL]),
  ...toleranceOf(tolerance),
});

function patched(change: (declared: DeclaredRollout) => void): () => DeclaredRollout {
  return () => {
    const declared = declareRollout();
    change(declared);
    return declared;
  };
}

/** Two rollouts on the gateways of one chart. */
function twoRollouts(models: [string, string], gateways: [string, string]): DeclaredRollout {
  const declared = declareRollout();
  const { chart } = declared;
  const routers = new Map([['router', declared.router]]);
  const version = (name: string, id: string) =>
    new OnlineModel(chart, id, { model: remoteModel({ name, version: id }) });
  const gateway = routers.get(gateways[1]) ?? new StubRouter(chart, gateways[1]);
  new CanaryRollout(chart, 'second', {
    gateway,
    stable: version(models[1], 'a'),
    candidate: version(models[1], 'b'),
    steps: [weight(10)],
    guardrails: [errorRate(0.01)],
  });
  return declared;
}

/** A rollout whose candidate is in a chart of another namespace. */
function acrossNamespaces(namespace: string): DeclaredRollout {
  const declared = declareRollout();
  const other = new Chart(declared.chart, 'other', { namespace });
  const candidate = new OnlineModel(other, 'v3', { model: iris('v3') });
  new CanaryRollout(declared.chart, 'second', {
    gateway: new StubRouter(declared.chart, 'second-router'),
    stable: declared.stable,
    candidate,
    steps: [weight(10)],
    guardrails: [errorRate(0.01)],
  });
  return declared;
}

/** What breaks a rule, and what is close to it and does not. A new rule without both does not compile. */
const CASES: Record<keyof typeof ROLLOUT_RULES, { breaks: Declaration[]; holds: Declaration[] }> = {
  rolloutVersions: {
    breaks: [
      { candidate: { model: remoteModel({ name: 'rose', version: 'v2' }) } },
      { candidate: { model: iris('v1'), metadata: { name: 'same' } } },
    ],
    holds: [{}],
  },
  rolloutNamespace: {
    breaks: [
      { candidate: { metadata: { namespace: 'elsewhere' } } },
      { props: { metadata: { namespace: 'elsewhere' } } },
      () => acrossNamespaces('elsewhere'),
    ],
    holds: [() => acrossNamespaces('ml')],
  },
  candidateInputs: {
    breaks: [
      inputs([ROW], [{ ...ROW, name: 'y' }]),
      inputs([ROW], [ROW, { name: 'y', type: FLOAT, shape: ['n', 1] }]),
      inputs([ROW, { name: 'y', type: FLOAT, shape: ['n', 1] }], [ROW]),
      inputs([ROW], [{ ...ROW, type: INT64 }]),
      inputs([ROW], [{ ...ROW, shape: ['n', 5] }]),
      inputs([ROW], [{ ...ROW, shape: [1, 4] }]),
      inputs([ROW], [{ ...ROW, shape: ['n', 2, 2] }]),
    ],
    holds: [
      inputs([ROW], [ROW]),
      inputs([ROW], [{ ...ROW, shape: ['n', 'm'] }]),
      { stable: { model: known('v1', [ROW], [LABEL]) } },
      {
        ...inputs([ROW], [{ ...ROW, shape: ['n', 5] }]),
        candidate: {
          model: known('v2', [{ ...ROW, shape: ['n', 5] }], [LABEL]),
          features: FeatureLookup.redis({
            address: 'redis:6379',
            entity: 'flower',
            features: ['x1'],
            inputs: { x1: 'x' },
            columns: { x1: 4 },
          }),
        },
      },
    ],
  },
  candidateOutputs: {
    breaks: [
      outputs([LABEL, SCORES], [LABEL]),
      outputs([LABEL, SCORES], [LABEL, { ...SCORES, name: 'probabilities' }]),
      outputs([LABEL], [{ ...LABEL, type: FLOAT }]),
      outputs([LABEL], [LABEL, SCORES]),
    ],
    holds: [
      outputs([LABEL, SCORES], [SCORES, LABEL]),
      outputs([LABEL, SCORES], [LABEL, SCORES, { ...SCORES, name: 'more' }]),
    ],
  },
  candidateForm: {
    breaks: [
      outputs([LABEL, SCORES], [LABEL, SCORES, { ...SCORES, name: 'more' }]),
      outputs([LABEL, SCORES], [LABEL, { ...SCORES, shape: ['n', 4] }]),
    ],
    holds: [outputs([LABEL, SCORES], [LABEL, SCORES])],
  },
  candidateServing: {
    breaks: [{ candidate: { limits: { maxQueuedRequests: 7 } } }, { candidate: { cors: ['https://app.example.com'] } }],
    holds: [
      {
        stable: { limits: { maxQueuedRequests: 7 } },
        candidate: { limits: { maxQueuedRequests: 7 }, latencyBudget: Duration.seconds(40) },
      },
    ],
  },
  candidateCapacity: {
    breaks: [
      { stable: { replicas: 4 }, candidate: { replicas: 3 } },
      { stable: { replicas: 4 }, candidate: { scaling: Scaling.onCpu({ maxReplicas: 10 }) } },
      {
        stable: { scaling: Scaling.onCpu({ minReplicas: 3, maxReplicas: 10 }) },
        candidate: { scaling: Scaling.onCpu({ minReplicas: 2, maxReplicas: 10 }) },
      },
    ],
    holds: [
      { stable: { replicas: 4 }, candidate: { replicas: 4 } },
      { stable: { replicas: 4 }, candidate: { scaling: Scaling.onCpu({ minReplicas: 4, maxReplicas: 10 }) } },
      { stable: { scaling: Scaling.onCpu({ maxReplicas: 10 }) } },
    ],
  },
  runningVersions: {
    breaks: [
      patched(({ stable }) => stable.deployment.addJsonPatch(JsonPatch.replace('/spec/replicas', 0))),
      () => {
        const declared = declareRollout({ stable: { scaling: Scaling.onCpu({ maxReplicas: 4 }) } });
        declared.stable.autoscaler?.addJsonPatch(JsonPatch.replace('/spec/minReplicas', 0));
        return declared;
      },
    ],
    holds: [patched(({ stable }) => stable.deployment.addJsonPatch(JsonPatch.replace('/spec/replicas', 1)))],
  },
  maskedFailures: {
    breaks: [{ candidate: { fallback: Fallback.prediction({ label: 0 }) } }],
    holds: [{ stable: { fallback: Fallback.prediction({ label: 0 }) } }],
  },
  oneRollout: {
    breaks: [() => twoRollouts(['iris', 'iris'], ['router', 'router'])],
    holds: [
      () => twoRollouts(['iris', 'rose'], ['router', 'router']),
      () => twoRollouts(['iris', 'iris'], ['router', 'other']),
    ],
  },
  routerCapability: {
    breaks: [
      { router: capable() },
      { router: capable(MIRROR, HEADER) },
      { router: capable(WEIGHT), ...steps(shadow(10), weight(10)) },
      { router: capable(WEIGHT, MIRROR), ...steps(header('x-canary'), weight(10)) },
      {
        router: (chart) => new StubRouter(chart, 'router', [WEIGHT, HEADER], false),
        ...steps(header('x-canary'), weight(10)),
      },
      { router: capable(WEIGHT, MIRROR, HEADER), props: { stickiness: Stickiness.byHeader('x-user-id') } },
    ],
    holds: [
      { router: capable(WEIGHT) },
      { router: capable(WEIGHT, MIRROR), ...steps(shadow(10), weight(10)) },
      { router: capable(WEIGHT, HEADER), ...steps(header('x-canary'), weight(10)) },
    ],
  },
  rolloutSteps: {
    breaks: [steps(), steps(CanaryStep.pause()), steps(header('x-canary'))],
    holds: [steps(shadow(1)), steps(header('x-canary'), weight(10))],
  },
  stepShare: {
    breaks: [
      ...[0, -1, 100, 101, 0.001, 10.001, Number.NaN].map((percent) => steps(weight(percent))),
      ...[0, 100.01].map((percent) => steps(shadow(percent))),
      ...[0, 100.01, 0.005].map((percent) => steps(shadow(50, percent))),
    ],
    holds: [
      steps(weight(0.01), weight(0.07), weight(33.33), weight(99.99)),
      steps(shadow(100, 100), shadow(0.01, 0.01)),
    ],
  },
  risingWeights: {
    breaks: [
      steps(weight(10), weight(10)),
      steps(weight(10), CanaryStep.pause(), weight(5)),
      steps(weight(10), weight(50), weight(25)),
    ],
    holds: [steps(weight(10), shadow(5), weight(10.01))],
  },
  stepEvidence: {
    breaks: [
      steps(CanaryStep.weight(10, { ...ENOUGH, minSamples: 0 })),
      steps(CanaryStep.weight(10, { ...ENOUGH, minSamples: 1.5 })),
      steps(CanaryStep.weight(10, { ...ENOUGH, minSamples: 1e10 })),
      steps(CanaryStep.weight(10, { ...ENOUGH, minDuration: Duration.millis(0) })),
      steps(CanaryStep.weight(10, { ...ENOUGH, minDuration: Duration.days(25) })),
      steps(CanaryStep.header('x-canary', 'yes', { minDuration: Duration.millis(0) })),
      steps(weight(10), CanaryStep.analysis({ duration: Duration.millis(0), minSamples: 1 })),
    ],
    holds: [
      steps(CanaryStep.header('x-canary', 'yes', { minDuration: Duration.hours(1) })),
      steps(weight(10), CanaryStep.pause()),
    ],
  },
  analysedTraffic: {
    breaks: [
      steps(CanaryStep.analysis({ duration: Duration.hours(1), minSamples: 1 }), weight(10)),
      steps(shadow(10), CanaryStep.analysis({ duration: Duration.hours(1), minSamples: 1 })),
    ],
    holds: [steps(weight(10), CanaryStep.pause(), CanaryStep.analysis({ duration: Duration.hours(1), minSamples: 1 }))],
  },
  rolloutHeader: {
    breaks: [
      ...[
        '',
        'X-Canary',
        'x canary',
        ':path',
        'host',
        'content-type',
        'x-shadow',
        'x-envoy-retry-on',
        'grpc-timeout',
      ].map((name) => steps(header(name), weight(10))),
      ...['', ' yes', 'yes\n', 'ä', 'x'.repeat(257)].map((value) => steps(header('x-canary', value))),
      { props: { stickiness: Stickiness.byHeader('X-User-Id') } },
    ],
    holds: [
      steps(header('x-canary', 'always, please'), weight(10)),
      { props: { stickiness: Stickiness.byHeader('x-user-id') } },
    ],
  },
  pinHeader: {
    breaks: [
      steps(header('x-canary', 'a'), header('x-canary', 'b')),
      steps(header('x-canary'), header('x-tester')),
      { props: { steps: [header('x-user')], stickiness: Stickiness.byHeader('x-user') } },
    ],
    holds: [
      steps(header('x-canary'), weight(10), header('x-canary')),
      { props: { steps: [header('x-canary')], stickiness: Stickiness.byHeader('x-user') } },
    ],
  },
  guardrails: { breaks: [guardrails()], holds: [guardrails(errorRate(0.01))] },
  guardrailName: {
    breaks: [
      guardrails(errorRate(0.01), errorRate(0.02)),
      ...['', 'Errors', 'too many', '-a', 'x'.repeat(64)].map((name) =>
        guardrails(Guardrail.errorRate({ max: 0.01, name })),
      ),
    ],
    holds: [
      guardrails(
        errorRate(0.01),
        Guardrail.errorRate({ max: 0.02, name: 'errors-of-night' }),
        Guardrail.errorRateIncrease({ margin: 0.01 }),
        ...[100, 200].flatMap((millis) => [
          Guardrail.latency({ budget: Duration.millis(millis), maxShareOver: 0.01 }),
          Guardrail.latencyIncrease({ budget: Duration.millis(millis), margin: 0.01 }),
        ]),
      ),
    ],
  },
  guardrailLimits: {
    breaks: [
      ...[-0.01, 1, 1.5, Number.NaN].flatMap((value) => [
        guardrails(errorRate(value)),
        guardrails(Guardrail.errorRateIncrease({ margin: value })),
        guardrails(Guardrail.latency({ budget: Duration.millis(100), maxShareOver: value })),
      ]),
      ...[0.4, 1, 95].map((confidence) => guardrails(Guardrail.errorRate({ max: 0.01, confidence }))),
      ...[0, 0.5, 1e9 + 1].map((minSamples) => guardrails(Guardrail.errorRate({ max: 0.01, minSamples }))),
      ...[0, 999, 1000.5].map((minSamples) => guardrails(outcome(REVENUE, { minSamples }))),
      ...[-0.1, Number.NaN, Number.POSITIVE_INFINITY].map((margin) => guardrails(outcome(REVENUE, { margin }))),
      {
        props: {
          steps: [shadow(1, 1)],
          guardrails: [Guardrail.disagreement({ max: 0.1, tolerance: -1 })],
        },
      },
    ],
    holds: [
      guardrails(errorRate(0)),
      guardrails(Guardrail.errorRateIncrease({ margin: 0 })),
      guardrails(outcome(REVENUE, { margin: 250, minSamples: 1000 })),
      guardrails(Guardrail.errorRate({ max: 0.99, confidence: 0.5, minSamples: 1 })),
      guardrails(Guardrail.errorRate({ max: 0.01, confidence: 0.9999 })),
    ],
  },
  latencyBudget: {
    breaks: [Duration.millis(0), Duration.millis(0.5), Duration.minutes(31)].map((budget) =>
      guardrails(Guardrail.latency({ budget, maxShareOver: 0.01 })),
    ),
    holds: [Duration.millis(1), Duration.millis(137), Duration.minutes(30)].map((budget) =>
      guardrails(Guardrail.latencyIncrease({ budget, margin: 0.01 })),
    ),
  },
  comparedAnswers: {
    breaks: [
      guardrails(Guardrail.disagreement({ max: 0.1 })),
      { props: { steps: [shadow(10), weight(10)], guardrails: [Guardrail.disagreement({ max: 0.1 })] } },
    ],
    holds: [{ props: { steps: [shadow(10, 1), weight(10)], guardrails: [Guardrail.disagreement({ max: 0.1 })] } }],
  },
  comparedLabels: {
    breaks: [comparedWith(1), comparedWith(2.5)],
    holds: [
      comparedWith(0.99),
      { props: { steps: [shadow(10, 1)], guardrails: [Guardrail.disagreement({ max: 0.1, tolerance: 5 })] } },
      { ...outputs([SCORES], [SCORES]), ...toleranceOf(5) },
    ],
  },
  comparedTls: {
    breaks: [
      { stable: { tls: TLS }, candidate: { tls: TLS }, ...toleranceOf(0.5) },
      { candidate: { tls: TLS }, ...toleranceOf(0.5) },
    ],
    holds: [{ stable: { tls: TLS }, candidate: { tls: TLS } }, toleranceOf(0.5)],
  },
  outcomeMetric: {
    breaks: [
      ...['', 'Revenue', 'revenue_eur', '-a', 'a'.repeat(64)].map((name) =>
        guardrails(outcome(OutcomeMetric.reported(name), { name: 'revenue' })),
      ),
      ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY].map((cap) =>
        guardrails(outcome(OutcomeMetric.reported('revenue', { cap }))),
      ),
      ...(['count', 'sum', 'sumOfSquares'] as const).map((key) => guardrails(outcome(asked({ [key]: 'revenue' })))),
      guardrails(outcome(REVENUE), outcome(OutcomeMetric.reported('revenue', { cap: 9 }), { name: 'capped' })),
    ],
    holds: [
      guardrails(outcome(REVENUE), outcome(REVENUE, { name: 'strict', margin: 0 })),
      guardrails(outcome(OutcomeMetric.reportedRatio('clicks', { cap: 0.5 }))),
      guardrails(outcome(asked())),
    ],
  },
  measuredOutcomes: {
    breaks: [
      { props: { steps: [shadow(100)], guardrails: [outcome(REVENUE)] } },
      { props: { steps: [header('x-canary'), shadow(10)], guardrails: [outcome(REVENUE)] } },
    ],
    holds: [{ props: { steps: [shadow(100), weight(1)], guardrails: [outcome(REVENUE)] } }],
  },
  metricLabels: {
    breaks: ['', '1a', 'a-b', 'a"'].map((label) => ({
      props: {
        metrics: MetricsSource.prometheus({ url: 'http://prometheus.monitoring:9090', labels: { [label]: 'x' } }),
      },
    })),
    holds: [
      {
        props: {
          metrics: MetricsSource.prometheus({ url: 'http://prometheus.monitoring:9090', labels: { namespace: 'm"l' } }),
        },
      },
    ],
  },
  missingDataTime: {
    breaks: [hold(Duration.seconds(5)), hold(Duration.days(25)), hold(Duration.millis(0))],
    holds: [hold(Duration.seconds(6)), hold(Duration.days(24))],
  },
  rolloutTimes: {
    breaks: [
      { props: { interval: Duration.millis(999) } },
      { props: { interval: Duration.seconds(301) } },
      { props: { interval: Duration.seconds(10), deadManAfter: Duration.seconds(29) } },
      { props: { deadManAfter: Duration.days(25) } },
      { props: { interval: Duration.seconds(1), deadManAfter: Duration.seconds(14) } },
      { props: { maxStepTime: Duration.millis(0) } },
      { props: { readyTimeout: Duration.days(25) } },
      { props: { metrics: MetricsSource.direct({ timeout: Duration.seconds(11) }) } },
    ],
    holds: [
      { props: { interval: Duration.seconds(1), deadManAfter: Duration.seconds(15) } },
      { props: { interval: Duration.minutes(5) } },
    ],
  },
  rolloutAddress: {
    breaks: [
      { props: { notifications: [Notification.webhook('http://hooks.example.com/a')] } },
      { props: { notifications: [Notification.webhook('chat')] } },
      { props: { metrics: MetricsSource.prometheus({ url: 'http://169.254.169.254' }) } },
      guardrails(outcome(asked({ url: 'http://prometheus.example.com' }))),
      { props: { metrics: MetricsSource.prometheus({ url: 'https://user:hunter2@prometheus.example.com' }) } },
    ],
    holds: [
      { props: { notifications: [Notification.webhook('https://hooks.example.com/a')] } },
      { props: { metrics: MetricsSource.prometheus({ url: 'http://prometheus.monitoring:9090' }) } },
    ],
  },
  expectedTraffic: {
    breaks: [0, -1, Number.NaN, Number.POSITIVE_INFINITY].map((expectedRps) => ({ props: { expectedRps } })),
    holds: [{ props: { expectedRps: 1000 } }],
  },
  shortStep: {
    breaks: [
      { props: { expectedRps: 10 } },
      { props: { expectedRps: 1000, steps: [weight(0.01)] } },
      { props: { expectedRps: 1000, guardrails: [Guardrail.errorRateIncrease({ margin: 0.0001 })] } },
      { props: { expectedRps: 40, steps: [weight(10), CanaryStep.analysis(QUICK), weight(50)] } },
      { props: { expectedRps: 1000, steps: [shadow(1)] } },
      { props: { expectedRps: 1000, steps: [shadow(100, 1)], guardrails: [Guardrail.disagreement({ max: 0.01 })] } },
    ],
    holds: [
      {},
      { props: { expectedRps: 1000 } },
      // What the first step leaves open is looked at in the last one.
      { props: { expectedRps: 40, steps: [weight(1), weight(50)] } },
      { props: { expectedRps: 1000, steps: [shadow(100, 50), weight(10)] } },
      { props: { expectedRps: 1000, steps: [shadow(100, 50)], guardrails: [Guardrail.disagreement({ max: 0.5 })] } },
    ],
  },
};

/** Codes of the errors and the warnings of a program. */
function codesOf(declaration: Declaration): string[] {
  const { chart } = typeof declaration === 'function' ? declaration() : declareRollout(declaration);
  const errors = codesIn(failureOf(chart));
  const warnings = chart.node
    .findAll()
    .flatMap(({ node }) => node.metadata)
    .map(({ data }) => String(data).slice(0, 6));
  return [...errors, ...warnings];
}

let printed: jest.SpyInstance;
beforeEach(() => {
  printed = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => printed.mockRestore());

describe.each(Object.entries(CASES))('%s', (name, { breaks, holds }) => {
  const { code } = RULES[name as keyof typeof CASES];

  test.each(breaks.map((declaration, index) => [index, declaration] as const))(
    'is broken (%i)',
    (_index, declaration) => {
      expect(codesOf(declaration)).toContain(code);
    },
  );

  test.each(holds.map((declaration, index) => [index, declaration] as const))('holds (%i)', (_index, declaration) => {
    expect(codesOf(declaration)).not.toContain(code);
  });
});

test('the plainest rollout breaks no rule', () => {
  expect(codesOf({})).toEqual([]);
});

test('authentication that differs is told, and never what it is', () => {
  const apiKeys = Authentication.apiKeys({ name: 'keys' } as never);
  declareRollout({ stable: { authentication: apiKeys } }).chart.toJson();
  const told = printed.mock.calls.map(([text]) => text).join('');
  expect(told).toContain('MS2206 The versions differ in authentication.');
});

test('no address is shown with its password', () => {
  const { chart } = declareRollout({
    props: { notifications: [Notification.webhook('ftp://user:hunter2@chat/?token=hunter3')] },
  });
  expect(failureOf(chart)).toContain('MS2225');
  expect(failureOf(chart)).not.toContain('hunter');
});

test('everything that is wrong is told at once', () => {
  const declared = declareRollout({
    router: capable(),
    candidate: { model: iris('v1'), metadata: { name: 'same' } },
    props: { steps: [], guardrails: [], expectedRps: 0, interval: Duration.millis(1) },
  });
  expect(codesIn(failureOf(declared.chart)).filter((code) => code.startsWith('MS22'))).toEqual([
    'MS2210',
    'MS2211',
    'MS2218',
    'MS2224',
    'MS2226',
    'MS2201',
  ]);
  expect(declared.router.requests).toEqual([]);
});

import { Duration } from 'cdk8s';
import { CanaryStep, Guardrail, type StepForecast } from 'cdk8s-model-serving';
import { judgeLevel } from '../../runtime/src/rollout/statistics';
import { seededRandom } from '../support/mutation';
import { declareRollout, ENOUGH } from './rollouts';

const RPS = 1;
const shadow = (percent: number, comparePercent?: number) =>
  CanaryStep.shadow({ percent, comparePercent, minSamples: 1 });
const weight = (percent: number) => CanaryStep.weight(percent, ENOUGH);
const analysis = CanaryStep.analysis({ duration: Duration.minutes(1), minSamples: 1 });

function forecast(steps: CanaryStep[], ...guardrails: Guardrail[]): StepForecast[] {
  return declareRollout({ props: { steps, guardrails, expectedRps: RPS } }).rollout.forecasts;
}

const seconds = (steps: CanaryStep[], guardrail: Guardrail) =>
  forecast(steps, guardrail).map(({ duration }) => duration.toSeconds());
const waits = (steps: CanaryStep[], guardrail: Guardrail) =>
  forecast(steps, guardrail).flatMap(({ step, waitsForPass }) => (waitsForPass ? [step] : []));

test('without expected traffic there is none', () => {
  expect(declareRollout().rollout.forecasts).toEqual([]);
});

test('the more requests the candidate gets, the shorter', () => {
  const [mirrored = 0, few = 0, many = 0] = seconds(
    [shadow(100), weight(1), weight(50)],
    Guardrail.errorRate({ max: 0.01 }),
  );
  expect(few / mirrored).toBeCloseTo(100, 0);
  expect(few / many).toBeCloseTo(50, 0);
});

test('the smaller the harm, and the surer the verdict, the longer', () => {
  const of = (max: number, confidence: number) =>
    seconds([weight(10)], Guardrail.errorRate({ max, confidence }))[0] as number;
  expect(of(0.001, 0.99)).toBeGreaterThan(5 * of(0.01, 0.99));
  expect(of(0.01, 0.999)).toBeGreaterThan(of(0.01, 0.95));
  const increase = (margin: number) => seconds([weight(10)], Guardrail.errorRateIncrease({ margin }))[0] as number;
  expect(increase(0.001)).toBeGreaterThan(5 * increase(0.01));
});

test('every step has one for every guardrail with counts, and pauses and headers have none', () => {
  const steps = [shadow(10, 5), CanaryStep.header('x-canary', 'yes', ENOUGH), weight(10), CanaryStep.pause(), analysis];
  expect(
    forecast(steps, Guardrail.errorRate({ max: 0.01 }), Guardrail.disagreement({ max: 0.1 })).map(
      ({ step, guardrail }) => `${step} ${guardrail}`,
    ),
  ).toEqual(['0 error-rate', '0 disagreement', '2 error-rate', '4 error-rate']);
});

test('a pass is waited for by the last step with a share, and by every analysis; of disagreement by the last comparison', () => {
  const errors = Guardrail.errorRate({ max: 0.01 });
  const answers = Guardrail.disagreement({ max: 0.1 });
  expect(waits([shadow(10), weight(10), weight(50), CanaryStep.pause()], errors)).toEqual([2]);
  expect(waits([weight(10), analysis, weight(50)], errors)).toEqual([1, 2]);
  expect(waits([shadow(10), shadow(50)], errors)).toEqual([1]);
  expect(waits([shadow(10, 10), weight(10)], answers)).toEqual([0]);
  expect(waits([shadow(10, 1), weight(10), shadow(10, 10), weight(50)], answers)).toEqual([2]);
});

test.each([0.01, 0.1])(
  'four of five candidates with twice the %d of failures are found in time, by the test that decides',
  (max) => {
    const [{ duration }] = forecast([weight(10)], Guardrail.errorRate({ max })) as [StepForecast];
    const samples = Math.round((duration.toSeconds() * RPS) / 10);
    const random = seededRandom(7);
    const runs = 400;
    let found = 0;
    for (let run = 0; run < runs; run += 1) {
      let events = 0;
      let previous: Parameters<typeof judgeLevel>[0]['previous'];
      const looks = 20;
      for (let look = 1; look <= looks; look += 1) {
        const n = Math.round((samples * look) / looks);
        const before = Math.round((samples * (look - 1)) / looks);
        for (let request = before; request < n; request += 1) {
          events += random() < 2 * max ? 1 : 0;
        }
        const strata = [{ name: 'step 1', stable: { n: 0, events: 0 }, candidate: { n, events } }];
        const { evidence, state } = judgeLevel({ strata, max, alpha: 0.01, minSamples: 200, previous });
        previous = state;
        if (evidence.outcome === 'fail') {
          found += 1;
          break;
        }
      }
    }
    expect(found / runs).toBeGreaterThan(0.72);
    expect(found / runs).toBeLessThan(0.92);
  },
);

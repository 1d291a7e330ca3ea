import { Duration } from 'cdk8s';
import { millisOf, quote, RULES, readableMillis, type Violation, violation } from '../kubernetes';
import { type CanaryStep, stepName } from './canary-step';
import { alphaOf, type DeclaredGuardrail, type Guardrail } from './guardrail';
import { stepSamples } from './step-samples';
import { isProvedAt, rateOf, type StepTraffic, trafficOf } from './step-traffic';

/** How long a guardrail needs in a step of a rollout, with the expected traffic. */
export interface StepForecast {
  /** Index of the step, from 0. */
  readonly step: number;

  /** Name of the guardrail. */
  readonly guardrail: string;

  /**
   * Time after which the step alone has shown harm, with a probability of 80 %, when the candidate does twice the harm that is
   * allowed (one percent, where none is).
   */
  readonly duration: Duration;

  /** Whether the step goes on until the guardrail has passed. */
  readonly waitsForPass: boolean;
}

/** Probability to find the harm. */
const POWER = 0.8;

/** The harm that is to be found where none is allowed. */
const USUAL_EFFECT = 0.01;

/** Share of events of the stable version, where no other guardrail tells what it may be. */
const USUAL_SHARE = 0.01;

/** Share of the candidate in a comparison with a stable version that has so many requests that its own share is known. */
const AGAINST_KNOWN = 0.0001;

/** Whether a number of requests in a second is given, and one that can be. */
export function isTraffic(expectedRps: number | undefined): expectedRps is number {
  return expectedRps !== undefined && expectedRps > 0 && Number.isFinite(expectedRps);
}

/**
 * Tells how long each step must take for each guardrail that it has counts for.
 *
 * @param expectedRps requests in a second, above 0
 */
export function forecastSteps(steps: CanaryStep[], guardrails: Guardrail[], expectedRps: number): StepForecast[] {
  const traffic = trafficOf(steps, expectedRps);
  const declared = guardrails.map(({ _guardrail }) => _guardrail);
  return traffic.flatMap((each, step) =>
    steps[step]?._step.type === 'pause' || steps[step]?._step.type === 'header'
      ? []
      : declared.flatMap((guardrail) => {
          const seconds = secondsFor(guardrail, each, declared);
          return Number.isFinite(seconds)
            ? [
                {
                  step,
                  guardrail: guardrail.name,
                  duration: Duration.seconds(Math.ceil(seconds)),
                  waitsForPass: isProvedAt(guardrail, steps, traffic, step),
                },
              ]
            : [];
        }),
  );
}

/** Warns of steps that are shorter than a guardrail whose pass they wait for. */
export function checkStepTimes(steps: CanaryStep[], guardrails: Guardrail[], expectedRps: number): Violation[] {
  const traffic = trafficOf(steps, expectedRps);
  return forecastSteps(steps, guardrails, expectedRps)
    .filter(({ waitsForPass }) => waitsForPass)
    .flatMap(({ step: index, guardrail, duration }) => {
      const step = steps[index] as CanaryStep;
      const { minDuration, minSamples = 0 } = step._step;
      const bySamples = minSamples / (traffic[index] as StepTraffic).candidate;
      const least = Math.ceil(Math.max(minDuration === undefined ? 0 : millisOf(minDuration) / 1000, bySamples));
      const needed = duration.toSeconds();
      return least >= needed
        ? []
        : [
            violation(
              RULES.shortStep,
              `With ${expectedRps} requests a second ${stepName(step, index)} takes ${readableMillis(least * 1000)}, and the guardrail ${quote(guardrail)} needs ${readableMillis(needed * 1000)}.`,
              `Let it take Duration.minutes(${Math.ceil(needed / 60)}), raise its share, or allow the guardrail more.`,
            ),
          ];
    });
}

/** Time for a guardrail with such traffic; infinite or NaN when it gets no counts, or when it is declared wrong. */
function secondsFor(guardrail: DeclaredGuardrail, traffic: StepTraffic, all: DeclaredGuardrail[]): number {
  const { type, max = 0, margin = 0 } = guardrail;
  const plan = { alpha: alphaOf(guardrail), power: POWER };
  if (type === 'errorRateIncrease' || type === 'latencyIncrease') {
    const { candidate, both } = traffic;
    const effect = margin > 0 ? margin : USUAL_EFFECT;
    return (
      stepSamples({ ...plan, baseline: baselineOf(guardrail, all), effect, margin, share: candidate / both }) / both
    );
  }
  const effect = max > 0 ? Math.min(max, (1 - max) / 2) : USUAL_EFFECT;
  const samples = stepSamples({ ...plan, baseline: max, effect, share: AGAINST_KNOWN }) * AGAINST_KNOWN;
  return samples / rateOf(guardrail, traffic);
}

/** What the stable version may be taken to do: as much as the guardrail of the same kind allows the candidate. */
function baselineOf({ type, budget }: DeclaredGuardrail, all: DeclaredGuardrail[]): number {
  const millis = budget && millisOf(budget);
  const level = all.find(
    (other) => type === `${other.type}Increase` && millis === (other.budget && millisOf(other.budget)),
  );
  return level?.max ?? USUAL_SHARE;
}

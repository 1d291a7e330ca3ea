import { WHOLE_SHARE } from '../contract';
import { checkDuration, quote, RULES, type Violation, violation } from '../kubernetes';
import { type CanaryStep, stepName } from './canary-step';
import { checkHeaderName } from './header-rules';
import { isSampleCount } from './sample-count';
import type { Stickiness } from './stickiness';

/** Ten-thousandths in a percent. */
const SHARES_OF_A_PERCENT = WHOLE_SHARE / 100;

const VALUE = /^[!-~]([ -~]{0,254}[!-~])?$/;

/** A percentage as ten-thousandths. */
export function shareOf(percent: number): number {
  return Math.round(percent * SHARES_OF_A_PERCENT);
}

/** Checks steps as they are declared. */
export function checkSteps(steps: CanaryStep[], stickiness: Stickiness | undefined): Violation[] {
  return [
    ...checkTraffic(steps),
    ...steps.flatMap(checkShares),
    ...checkRising(steps),
    ...steps.flatMap(checkEvidence),
    ...checkAnalysis(steps),
    ...checkHeaders(steps, stickiness),
  ];
}

function checkTraffic(steps: CanaryStep[]): Violation[] {
  return steps.some(({ _step: { type } }) => type === 'shadow' || type === 'weight')
    ? []
    : [
        violation(
          RULES.rolloutSteps,
          steps.length === 0 ? 'steps is empty.' : 'No step has requests that are judged.',
          'Write for example [CanaryStep.weight(10, { minDuration: Duration.minutes(10), minSamples: 1000 })].',
        ),
      ];
}

function checkShares(step: CanaryStep, index: number): Violation[] {
  const { type, percent, comparePercent } = step._step;
  const problems = [
    ...(percent === undefined || isPercent(percent, type === 'weight' ? WHOLE_SHARE - 1 : WHOLE_SHARE)
      ? []
      : [`has the share ${quote(percent)}`]),
    ...(comparePercent === undefined || isPercent(comparePercent, WHOLE_SHARE)
      ? []
      : [`has comparePercent ${quote(comparePercent)}`]),
  ];
  return problems.map((what) =>
    violation(RULES.stepShare, `${stepName(step, index)} ${what}.`, 'Write a percentage such as 10 or 0.25.'),
  );
}

function isPercent(percent: number, most: number): boolean {
  const share = percent * SHARES_OF_A_PERCENT;
  // 0.07 * 100 is no whole number in binary fractions.
  return Math.abs(share - Math.round(share)) < 1e-6 && Math.round(share) >= 1 && Math.round(share) <= most;
}

function checkRising(steps: CanaryStep[]): Violation[] {
  const weights = steps.flatMap(({ _step: { type, percent = 0 } }, index) =>
    type === 'weight' ? [{ index, percent }] : [],
  );
  return weights.flatMap(({ index, percent }, order) => {
    const before = weights[order - 1];
    return before === undefined || before.percent < percent
      ? []
      : [
          violation(
            RULES.risingWeights,
            `steps[${index}] has the weight ${percent} %, and steps[${before.index}] before it ${before.percent} %.`,
            'Raise it, or write CanaryStep.analysis(…) for a further look at the same share.',
          ),
        ];
  });
}

function checkEvidence(step: CanaryStep, index: number): Violation[] {
  const { type, minDuration, minSamples } = step._step;
  const name = stepName(step, index);
  const fix = 'Write for example { minDuration: Duration.minutes(10), minSamples: 1000 }.';
  const problems = [
    ...(type !== 'pause' && minDuration === undefined && minSamples === undefined
      ? [`${name} waits for nothing.`]
      : []),
    ...(minSamples === undefined || isSampleCount(minSamples) ? [] : [`${name} has minSamples ${quote(minSamples)}.`]),
    ...(checkDuration(name, minDuration).length === 0
      ? []
      : [`${name} takes at least ${minDuration?.toHumanString()}.`]),
  ];
  return problems.map((what) => violation(RULES.stepEvidence, what, fix));
}

function checkAnalysis(steps: CanaryStep[]): Violation[] {
  const firstWeight = steps.findIndex(({ _step: { type } }) => type === 'weight');
  return steps.flatMap(({ _step: { type } }, index) =>
    type === 'analysis' && (firstWeight === -1 || index < firstWeight)
      ? [
          violation(
            RULES.analysedTraffic,
            `steps[${index}] is an analysis, and no weight is before it.`,
            'Put a weight before it, or write minDuration and minSamples into the step that is to be looked at.',
          ),
        ]
      : [],
  );
}

function checkHeaders(steps: CanaryStep[], stickiness: Stickiness | undefined): Violation[] {
  const pins = steps.flatMap((step, index) =>
    step._step.type === 'header' ? [{ at: `steps[${index}]`, ...step._step }] : [],
  );
  const [first] = pins;
  const others = pins.filter(({ header, value }) => header !== first?.header || value !== first?.value);
  return [
    ...pins.flatMap(({ at, header = '', value = '' }) => [
      ...checkHeaderName(at, header),
      ...(VALUE.test(value)
        ? []
        : [
            violation(
              RULES.rolloutHeader,
              `${at} has the header value ${quote(value)}.`,
              "Write for example CanaryStep.header('x-canary', 'always', …).",
            ),
          ]),
    ]),
    ...others.map(({ at, header, value }) =>
      violation(
        RULES.pinHeader,
        `${at} has the header ${quote(`${header}: ${value}`)}, and ${first?.at} ${quote(`${first?.header}: ${first?.value}`)}.`,
        'Write the same name and value in all of them.',
      ),
    ),
    ...(first !== undefined && first.header === stickiness?._header
      ? [
          violation(
            RULES.pinHeader,
            `${first.at} and stickiness both have the header ${quote(first.header)}.`,
            "Take another one for the step, for example 'x-canary'.",
          ),
        ]
      : []),
  ];
}

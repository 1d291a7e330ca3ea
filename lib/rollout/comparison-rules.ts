import { quote, RULES, type Violation, violation } from '../kubernetes';
import type { CanaryRolloutProps } from './canary-rollout-props';

const WHOLE_NUMBERS = /^U?INT\d+$/;

/** Checks what is compared: that something is, that it can be, and that labels can be told apart. */
export function checkComparison(props: CanaryRolloutProps, compares: boolean): Violation[] {
  const guardrails = props.guardrails.map(({ _guardrail }) => _guardrail).filter(({ type }) => type === 'disagreement');
  const labels = (props.stable.model.signature?.outputs ?? []).filter(({ datatype }) => WHOLE_NUMBERS.test(datatype));
  return [
    ...guardrails.flatMap(({ name, tolerance = 0 }) => [
      ...(compares ? [] : [notCompared(name)]),
      ...(labels.length > 0 && tolerance >= 1
        ? [
            violation(
              RULES.comparedLabels,
              `The guardrail ${quote(name)} has the tolerance ${quote(tolerance)}, and the output ${quote(labels[0]?.name)} is ${labels[0]?.datatype}.`,
              'Write a tolerance such as 0.5.',
            ),
          ]
        : []),
    ]),
    ...(compares ? checkTls(props) : []),
  ];
}

function notCompared(name: string): Violation {
  return violation(
    RULES.comparedAnswers,
    `The guardrail ${quote(name)} is there, and no step compares answers.`,
    'Add CanaryStep.shadow({ percent: 10, comparePercent: 10, minSamples: 500 }).',
  );
}

function checkTls({ stable, candidate }: CanaryRolloutProps): Violation[] {
  return Object.entries({ stable, candidate })
    .filter(([, { _backend: backend }]) => backend.encrypted)
    .map(([arm]) =>
      violation(
        RULES.comparedTls,
        `A step compares answers, and the ${arm} version has TLS.`,
        'Leave tls to the gateway, or remove comparePercent.',
      ),
    );
}

import {
  checkConfigMapSize,
  checkDuration,
  checkResources,
  checkWebAddress,
  configMapBytes,
  millisOf,
  quote,
  RULES,
  readableMillis,
  type Violation,
  violation,
} from '../kubernetes';
import { checkPodOptions } from '../online';
import type { CanaryRolloutProps } from './canary-rollout-props';
import { checkComparison } from './comparison-rules';
import { checkGuardrails } from './guardrail-rules';
import { checkHeaderName } from './header-rules';
import { checkNotification } from './notifications';
import { checkOutcomes } from './outcome-rules';
import type { Settings } from './rollout-settings';
import { checkStepTimes, isTraffic } from './step-forecast';
import { checkSteps } from './step-rules';
import { checkRouter } from './traffic-needs';

const LABEL = /^[A-Za-z_][A-Za-z0-9_]*$/;
const LEAST_INTERVALS = 3;
const SHORTEST_INTERVAL_MILLIS = 1_000;
const LONGEST_INTERVAL_MILLIS = 5 * 60_000;
const SHORTEST_DEAD_MAN_MILLIS = 15_000;

/** Checks everything that a rollout is declared with, but the two versions. */
export function checkRollout(props: CanaryRolloutProps, settings: Settings, config: string): Violation[] {
  const { steps, guardrails, stickiness, notifications = [] } = props;
  return [
    ...checkNamespaces(props, settings),
    ...checkRouter(props),
    ...checkSteps(steps, stickiness),
    ...(stickiness === undefined ? [] : checkHeaderName('stickiness', stickiness._header)),
    ...checkGuardrails(guardrails),
    ...checkOutcomes(guardrails, steps),
    ...checkComparison(props, settings.compares),
    ...checkTimes(props, settings),
    ...checkMetrics(settings),
    ...notifications.flatMap(checkNotification),
    ...checkTraffic(props),
    ...checkPod(props, settings),
    ...checkConfigMapSize(
      'The configuration of the rollout',
      configMapBytes({ 'config.json': config }),
      'Take fewer steps and guardrails.',
    ),
  ];
}

function checkNamespaces({ stable, candidate }: CanaryRolloutProps, { namespace }: Settings): Violation[] {
  return Object.entries({ stable, candidate })
    .filter(([, { _backend: backend }]) => backend.namespace !== namespace)
    .map(([arm, { _backend: backend }]) =>
      violation(
        RULES.rolloutNamespace,
        `The ${arm} version is in the namespace ${quote(backend.namespace)}, and the rollout in ${quote(namespace)}.`,
        'Declare them in charts of the same namespace.',
      ),
    );
}

function checkTimes({ maxStepTime, readyTimeout }: CanaryRolloutProps, settings: Settings): Violation[] {
  const { intervalMillis, deadManMillis, missingData } = settings;
  const holdMillis = millisOf(missingData._atMost);
  const found: Violation[] = [];
  const wrong = (what: string, fix: string) => found.push(violation(RULES.rolloutTimes, what, fix));
  if (!(intervalMillis >= SHORTEST_INTERVAL_MILLIS && intervalMillis <= LONGEST_INTERVAL_MILLIS)) {
    wrong(`interval is ${readableMillis(intervalMillis)}.`, 'Write for example Duration.seconds(2).');
  }
  const leastMillis = Math.max(SHORTEST_DEAD_MAN_MILLIS, LEAST_INTERVALS * intervalMillis);
  if (!(deadManMillis >= leastMillis) || isTooLong(deadManMillis)) {
    wrong(
      `deadManAfter is ${readableMillis(deadManMillis)}, and interval ${readableMillis(intervalMillis)}.`,
      `Write ${readableMillis(leastMillis)} or more, or leave it out.`,
    );
  }
  for (const [prop, duration] of Object.entries({ maxStepTime, readyTimeout })) {
    if (checkDuration(prop, duration).length > 0) {
      wrong(`${prop} is ${duration?.toHumanString()}.`, 'Write for example Duration.hours(1), or leave it out.');
    }
  }
  if (!(holdMillis >= LEAST_INTERVALS * intervalMillis) || isTooLong(holdMillis)) {
    found.push(
      violation(
        RULES.missingDataTime,
        `onMissingData holds for ${readableMillis(holdMillis)}, and interval is ${readableMillis(intervalMillis)}.`,
        'Write for example MissingData.hold({ atMost: Duration.hours(1) }).',
      ),
    );
  }
  return found;
}

function isTooLong(millis: number): boolean {
  return millis > 24 * 24 * 60 * 60_000;
}

function checkMetrics({ metrics, metricsTimeoutMillis: timeoutMillis, intervalMillis }: Settings): Violation[] {
  return [
    ...(metrics._url === undefined
      ? []
      : checkWebAddress(RULES.rolloutAddress, 'metrics.url', metrics._url, 'http://prometheus.monitoring:9090')),
    ...Object.keys(metrics._labels ?? {})
      .filter((label) => !LABEL.test(label))
      .map((label) =>
        violation(
          RULES.metricLabels,
          `metrics has the label ${quote(label)}.`,
          "Write for example { namespace: 'ml' }.",
        ),
      ),
    ...(timeoutMillis >= 1 && timeoutMillis <= intervalMillis
      ? []
      : [
          violation(
            RULES.rolloutTimes,
            `metrics has a timeout of ${readableMillis(timeoutMillis)}, and interval is ${readableMillis(intervalMillis)}.`,
            'Write a timeout shorter than the interval.',
          ),
        ]),
  ];
}

function checkTraffic({ expectedRps, steps, guardrails }: CanaryRolloutProps): Violation[] {
  if (expectedRps === undefined) {
    return [];
  }
  return isTraffic(expectedRps)
    ? checkStepTimes(steps, guardrails, expectedRps)
    : [
        violation(
          RULES.expectedTraffic,
          `expectedRps is ${quote(expectedRps)}.`,
          'Write the requests of a quiet hour in a second, for example 20.',
        ),
      ];
}

function checkPod(props: CanaryRolloutProps, settings: Settings): Violation[] {
  return [
    ...checkPodOptions(props, settings),
    ...checkResources(settings.resources, settings.needs),
    ...[...settings.monitors, ...settings.outcomeReporters].flatMap(({ _violations }) => _violations),
  ];
}

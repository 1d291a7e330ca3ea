import type { Duration } from 'cdk8s';
import { millisOf } from './quantity';
import { RULES } from './rules';
import { type Violation, violation } from './violation';

const MAX_MILLIS = 2 ** 31 - 1;

/** Checks that timers can wait for a duration. */
export function checkDuration(prop: string, duration: Duration | undefined): Violation[] {
  return duration === undefined || (millisOf(duration) >= 1 && millisOf(duration) <= MAX_MILLIS)
    ? []
    : [
        violation(
          RULES.positiveDuration,
          `${prop} is ${duration.toHumanString()}.`,
          'Write a duration such as Duration.millis(100).',
        ),
      ];
}

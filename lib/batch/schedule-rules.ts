import { quote, RULES, type Violation, violation } from '../kubernetes';
import { leastIntervalMinutes, parseCron } from './cron';
import type { Schedule } from './schedule';

/** No offsets such as `+01:00`, which Intl takes and the CronJob controller does not. */
const ZONE = /^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)*$/;

/** Shortest time between two runs, in milliseconds; `undefined` where there is none, or none that is known. */
export function intervalMillisOf(schedule: Schedule | undefined): number | undefined {
  const times = schedule && parseCron(schedule.expression);
  const minutes = times && leastIntervalMinutes(times);
  return minutes === undefined || !Number.isFinite(minutes) ? undefined : minutes * 60_000;
}

/** Checks a schedule. */
export function checkSchedule({ expression, timeZone }: Schedule): Violation[] {
  const times = parseCron(expression);
  return [
    ...(times !== undefined && leastIntervalMinutes(times) !== undefined
      ? []
      : [
          violation(
            RULES.schedule,
            `The schedule is ${quote(expression)}${times === undefined ? '' : ', which is never'}.`,
            "Write for example Schedule.hourly({ timeZone: 'Europe/Berlin' }), or Schedule.cron('*/15 6-22 * * MON-FRI', …).",
          ),
        ]),
    ...(isTimeZone(timeZone)
      ? []
      : [
          violation(
            RULES.timeZone,
            `The time zone of the schedule is ${quote(timeZone)}.`,
            "Write a name of the IANA database, such as 'Europe/Berlin' or 'Etc/UTC'.",
          ),
        ]),
  ];
}

function isTimeZone(name: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    // Linux finds zones as files, so only as they are written.
    const isMiswritten = timeZone !== name && timeZone.toLowerCase() === name.toLowerCase();
    return ZONE.test(name) && !isMiswritten;
  } catch {
    return false;
  }
}

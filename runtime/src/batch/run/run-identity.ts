import type { BatchConfig } from '../../contract';
import { ENVIRONMENT } from '../../contract';
import { BatchError } from './error';

const MINUTE = 60_000;
const YEAR_MILLIS = 366 * 24 * 60 * MINUTE;

/** A run of a job. */
export interface RunIdentity {
  readonly id: string;

  /** Time that the run stands for, of ISO 8601; undefined when its name tells none. */
  readonly time?: string;
}

/**
 * The run that this process works for: the declared one, else the Kubernetes Job of its pod.
 *
 * A run that is called `2026-11-22` or `2026-11-22T05` stands for that day or hour in its time zone. A CronJob calls its Jobs `<name>-<minutes since 1970>`, by the scheduled time: a retry, however late, is the same run.
 *
 * @throws BatchError when nothing names a run
 */
export function runIdentity(
  { run, timeZone = 'UTC' }: Pick<BatchConfig, 'run' | 'timeZone'>,
  env: NodeJS.ProcessEnv = process.env,
): RunIdentity {
  const id = run ?? env[ENVIRONMENT.job];
  if (id === undefined || id === '') {
    throw BatchError.declaration(
      `No run is named. Set 'run' in the configuration, give --run, or set ${ENVIRONMENT.job} to the name of the Job.`,
    );
  }
  return { id, time: timeOf(id, timeZone) };
}

function timeOf(id: string, timeZone: string): string | undefined {
  const [, date, hour = '00'] = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}))?$/.exec(id) ?? [];
  const wanted = Date.parse(`${date}T${hour}:00:00Z`);
  if (date !== undefined && !Number.isNaN(wanted)) {
    // The clocks of the zone are ahead by so much, which at the guessed time may be another number.
    const guess = wanted - (wallClock(wanted, timeZone) - wanted);
    return new Date(guess - (wallClock(guess, timeZone) - wanted)).toISOString();
  }
  const minutes = Number(/-(\d{7,9})$/.exec(id)?.[1]);
  // A digest at the end of a name may be digits alone; it is hardly a time of these days.
  const isPlausible = Math.abs(minutes * MINUTE - Date.now()) < YEAR_MILLIS;
  return isPlausible ? new Date(minutes * MINUTE).toISOString() : undefined;
}

/** Puts the date and the hour of a run into an address, for `{date}` and `{hour}`. */
export function withDates(uri: string, time: string, timeZone = 'UTC'): string {
  const { year, month, day, hour } = clockParts(time, timeZone);
  return uri.replaceAll('{date}', `${year}-${month}-${day}`).replaceAll('{hour}', hour ?? '00');
}

/** What the clocks of a time zone show, as if it were UTC. */
function wallClock(time: number, timeZone: string): number {
  const { year, month, day, hour, minute } = clockParts(new Date(time).toISOString(), timeZone);
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:00Z`);
}

function clockParts(time: string, timeZone: string): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return Object.fromEntries(format.formatToParts(new Date(time)).map(({ type, value }) => [type, value]));
}

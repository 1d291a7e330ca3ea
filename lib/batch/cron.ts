/** The days and times that a cron expression names. */
export interface CronTimes {
  /** Minutes of a day, in order. */
  readonly minutes: number[];
  readonly daysOfMonth: Field;
  readonly months: Field;
  readonly daysOfWeek: Field;
}

/** Values of one field, and whether it is `*`. */
interface Field {
  readonly values: Set<number>;
  readonly any: boolean;
}

const MINUTES_OF_DAY = 24 * 60;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Long enough for two 29ths of February that are a certain day of the week. */
const YEARS = 60;
const FIRST_DAY = Date.UTC(2026, 0, 1);
const DAY_MILLIS = 24 * 60 * 60 * 1000;

/**
 * Reads a cron expression as the CronJob controller does: five fields of numbers, names, ranges, steps and lists.
 *
 * @returns `undefined` when the controller would refuse it
 * @see https://pkg.go.dev/github.com/robfig/cron/v3#hdr-CRON_Expression_Format
 */
export function parseCron(expression: string): CronTimes | undefined {
  const texts = expression.trim().split(/\s+/);
  const [minute, hour, daysOfMonth, months, daysOfWeek] = [
    parseField(texts[0], 0, 59),
    parseField(texts[1], 0, 23),
    parseField(texts[2], 1, 31),
    parseField(texts[3], 1, 12, MONTHS),
    parseField(texts[4], 0, 6, WEEKDAYS),
  ];
  if (texts.length !== 5 || !minute || !hour || !daysOfMonth || !months || !daysOfWeek) {
    return undefined;
  }
  const minutes = sorted(hour.values).flatMap((h) => sorted(minute.values).map((m) => 60 * h + m));
  return { minutes, daysOfMonth, months, daysOfWeek };
}

/** Shortest time between two runs, in minutes; infinite when there is never a second one, `undefined` when never a first. */
export function leastIntervalMinutes(times: CronTimes): number | undefined {
  const { minutes } = times;
  const [first = 0, last = 0] = [minutes[0], minutes.at(-1)];
  let least = Math.min(...minutes.slice(1).map((minute, index) => minute - (minutes[index] ?? 0)));
  let previous: number | undefined;
  for (let day = 0; day < YEARS * 366 && least > 0; day++) {
    if (isDay(times, new Date(FIRST_DAY + day * DAY_MILLIS))) {
      if (previous !== undefined) {
        least = Math.min(least, (day - previous) * MINUTES_OF_DAY - (last - first));
      }
      previous = day;
    }
  }
  return previous === undefined ? undefined : least;
}

/** Where both kinds of days are restricted, either of them is enough. */
function isDay({ daysOfMonth, months, daysOfWeek }: CronTimes, date: Date): boolean {
  const ofMonth = daysOfMonth.values.has(date.getUTCDate());
  const ofWeek = daysOfWeek.values.has(date.getUTCDay());
  const either = !daysOfMonth.any && !daysOfWeek.any;
  return months.values.has(date.getUTCMonth() + 1) && (either ? ofMonth || ofWeek : ofMonth && ofWeek);
}

function parseField(text: string = '', least: number, most: number, names: string[] = []): Field | undefined {
  const ranges = text.split(',').map((range) => parseRange(range, least, most, names));
  return ranges.some((range) => range === undefined)
    ? undefined
    : {
        values: new Set(ranges.flatMap((range) => range?.values ?? [])),
        any: ranges.some((range) => range?.any),
      };
}

function parseRange(text: string, least: number, most: number, names: string[]) {
  const [, start = '', end, step] = /^(\*|\?|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(text) ?? [];
  const every = start === '*' || start === '?';
  const from = every ? least : numberOf(start, least, names);
  // `5/15` means from 5 to the end.
  const to = end === undefined ? (every || step !== undefined ? most : from) : numberOf(end, least, names);
  const by = Number(step ?? 1);
  const isValid = from >= least && to <= most && from <= to && by > 0 && !(every && end !== undefined);
  if (!isValid) {
    return undefined;
  }
  const count = Math.floor((to - from) / by) + 1;
  return { values: Array.from({ length: count }, (_, index) => from + index * by), any: every && by === 1 };
}

function numberOf(text: string, least: number, names: string[]): number {
  const index = names.indexOf(text.toLowerCase());
  return index >= 0 ? index + least : /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

function sorted(values: Set<number>): number[] {
  return [...values].sort((a, b) => a - b);
}

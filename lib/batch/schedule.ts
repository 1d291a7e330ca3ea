/** A day of the week. */
export enum Weekday {
  /** Monday. */
  MONDAY = 'MON',
  /** Tuesday. */
  TUESDAY = 'TUE',
  /** Wednesday. */
  WEDNESDAY = 'WED',
  /** Thursday. */
  THURSDAY = 'THU',
  /** Friday. */
  FRIDAY = 'FRI',
  /** Saturday. */
  SATURDAY = 'SAT',
  /** Sunday. */
  SUNDAY = 'SUN',
}

/** Options of {@link Schedule.cron}, and what all schedules have. */
export interface ScheduleOptions {
  /**
   * Time zone of the times, and of the dates of the run, as the IANA database names it: `Europe/Berlin`, `Etc/UTC`. What a
   * cluster would take otherwise is the zone of its control plane.
   */
  readonly timeZone: string;
}

/** Options of {@link Schedule.hourly}. */
export interface HourlyScheduleOptions extends ScheduleOptions {
  /**
   * Minute of the hour, from 0 to 59.
   *
   * @default 0
   */
  readonly minute?: number;
}

/** Options of {@link Schedule.daily}. */
export interface DailyScheduleOptions extends HourlyScheduleOptions {
  /**
   * Hour of the day, from 0 to 23. In zones with summer time an hour between 1 and 3 is there twice on one day of the year,
   * and missing on another.
   *
   * @default 0
   */
  readonly hour?: number;
}

/** Options of {@link Schedule.weekly}. */
export interface WeeklyScheduleOptions extends DailyScheduleOptions {
  /**
   * Day of the week.
   *
   * @default Weekday.SUNDAY
   */
  readonly weekday?: Weekday;
}

/** When a batch job runs. Runs never overlap: one that is late waits for the one before, up to the starting deadline. */
export class Schedule {
  /**
   * Every hour.
   *
   * @param options time zone, minute
   */
  public static hourly(options: HourlyScheduleOptions): Schedule {
    return new Schedule(`${options.minute ?? 0} * * * *`, options.timeZone);
  }

  /**
   * Every day.
   *
   * @param options time zone, hour, minute
   */
  public static daily(options: DailyScheduleOptions): Schedule {
    return new Schedule(`${options.minute ?? 0} ${options.hour ?? 0} * * *`, options.timeZone);
  }

  /**
   * Every week.
   *
   * @param options time zone, day, hour, minute
   */
  public static weekly(options: WeeklyScheduleOptions): Schedule {
    const { minute = 0, hour = 0, weekday = Weekday.SUNDAY, timeZone } = options;
    return new Schedule(`${minute} ${hour} * * ${weekday}`, timeZone);
  }

  /**
   * Any other schedule.
   *
   * @param expression five fields: minute, hour, day of the month, month, day of the week
   * @param options time zone
   * @see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
   */
  public static cron(expression: string, options: ScheduleOptions): Schedule {
    return new Schedule(expression, options.timeZone);
  }

  /** The schedule as a cron expression of five fields. */
  public readonly expression: string;

  /** The time zone. */
  public readonly timeZone: string;

  private constructor(expression: string, timeZone: string) {
    this.expression = expression;
    this.timeZone = timeZone;
  }
}

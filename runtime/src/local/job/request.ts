/** A CronJob to run once, or a suspended Job to run all the same. */
export interface JobRequest {
  /** Name, or `namespace/name`. */
  readonly name: string;
  /** Scheduled time of a run of a CronJob. @default - now */
  readonly time?: Date;
}

const MINUTE_MILLIS = 60_000;

/**
 * Name that the controller of CronJobs gives to the Job of a scheduled time: it holds the minutes since 1970.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/cronjob/utils.go (getJobName)
 */
export function jobNameAt(cronJob: string, time: Date): string {
  return `${cronJob}-${Math.floor(time.getTime() / MINUTE_MILLIS)}`;
}

import type { CronJob } from '../objects';
import type { PodStatus } from '../pod';

/** A Job that runs, has run, or waits to be asked for. */
export interface JobStatus {
  readonly namespace: string;
  readonly name: string;
  /** CronJob that it is a run of. */
  readonly cronJob?: string;
  /**
   * `Suspended`: declared so, and not asked for. `Waiting`: for an earlier run of its CronJob. `Stopped`: it had not ended when
   * everything was told to stop.
   */
  readonly state: 'Suspended' | 'Waiting' | 'Running' | 'Complete' | 'Failed' | 'Stopped';
  /** Why it failed: the reason that a cluster gives, and what led to it. */
  readonly reason?: string;
  /** As in ISO 8601. */
  readonly startTime?: string;
  /** As in ISO 8601. */
  readonly endTime?: string;
  /** Pods that have to succeed. */
  readonly completions: number;
  /** Completions that are done. */
  readonly succeeded: number;
  /** Pods that have failed, each of which may have been followed by another. */
  readonly failed: number;
  /** Of an Indexed Job, in order. */
  readonly indexes?: readonly IndexStatus[];
  /** Those that run. */
  readonly pods: readonly PodStatus[];
}

/** One index of an Indexed Job. */
export interface IndexStatus {
  readonly index: number;
  readonly state: CompletionState;
  /** Pods of it that have failed. */
  readonly failed: number;
  /** Why the last pod failed; absent while none has. */
  readonly reason?: string;
}

/** `Retrying`: a pod has failed, and the next one waits for its delay. */
export type CompletionState = 'Waiting' | 'Running' | 'Retrying' | 'Complete' | 'Failed' | 'Stopped';

/** A CronJob. */
export interface CronJobStatus {
  readonly namespace: string;
  readonly name: string;
  readonly schedule: string;
  readonly timeZone?: string;
  /** Names of the Jobs that were asked for. */
  readonly jobs: readonly string[];
}

/** A CronJob, with those of all Jobs that are its runs. */
export function cronJobStatus(
  { namespace, name, schedule, timeZone }: CronJob,
  jobs: readonly JobStatus[],
): CronJobStatus {
  const own = jobs.filter((job) => job.namespace === namespace && job.cronJob === name);
  return {
    namespace,
    name,
    schedule,
    ...(timeZone === undefined ? {} : { timeZone }),
    jobs: own.map((job) => job.name),
  };
}

/** Delays between the restarts of a container. */
export interface RestartPolicy {
  /** Delay before the second restart, in milliseconds; the first is immediate, each further doubles it. */
  readonly initialMillis: number;
  /** Longest delay, in milliseconds. */
  readonly maxMillis: number;
  /** A container that ran for so long starts again without delay when it ends, in milliseconds. */
  readonly resetMillis: number;
}

/**
 * The kubelet's: at once, then after 10 s, 20 s, 40 s … up to 5 minutes; from the beginning after 10 minutes of running.
 *
 * @see https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
 */
export const KUBELET_RESTARTS: RestartPolicy = { initialMillis: 10_000, maxMillis: 300_000, resetMillis: 600_000 };

/** Counts the ends of one container, and says how long to wait before it starts again. */
export class RestartDelay {
  private failures = 0;

  constructor(private readonly policy: RestartPolicy) {}

  /** @param ranMillis how long the container ran @returns delay in milliseconds */
  next(ranMillis: number): number {
    const { initialMillis, maxMillis, resetMillis } = this.policy;
    this.failures = ranMillis >= resetMillis ? 1 : this.failures + 1;
    return this.failures === 1 ? 0 : Math.min(maxMillis, initialMillis * 2 ** (this.failures - 2));
  }
}

/** Delays before a Job gets another pod in place of one that failed. */
export type RetryPolicy = Omit<RestartPolicy, 'resetMillis'>;

/**
 * The Job controller's: after 10 s, 20 s, 40 s … up to 6 minutes.
 *
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy
 */
export const JOB_RETRIES: RetryPolicy = { initialMillis: 10_000, maxMillis: 360_000 };

/** @param failures how many pods have failed one after the other, at least 1 @returns delay in milliseconds */
export function retryDelay(failures: number, { initialMillis, maxMillis }: RetryPolicy): number {
  return Math.min(maxMillis, initialMillis * 2 ** (failures - 1));
}

/** When and how often a broken download is tried again. */
export interface RetryPolicy {
  /** Attempts that may fail one after the other without progress; at least 1. */
  readonly attempts: number;
  /** Longest delay before the second attempt, in milliseconds; it doubles each time. */
  readonly baseMillis: number;
  /** Longest delay at all, in milliseconds. */
  readonly maxMillis: number;
  /** Time without a byte after which a connection is given up, in milliseconds. */
  readonly stallMillis: number;
}

/** Five attempts within about half a minute: longer outages are left to the kubelet's back-off. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, baseMillis: 500, maxMillis: 15_000, stallMillis: 30_000 };

const MAX_RETRY_AFTER_MILLIS = 60_000;

/**
 * Delay before the next attempt: random between 0 and an exponentially growing bound ("full jitter"), so that the pods of
 * a Deployment do not come back at the same moment; never less than what the server asks for.
 */
export function delayBefore(failures: number, policy: RetryPolicy, retryAfterMillis = 0): number {
  const bound = Math.min(policy.maxMillis, policy.baseMillis * 2 ** (failures - 1));
  return Math.max(Math.random() * bound, Math.min(retryAfterMillis, MAX_RETRY_AFTER_MILLIS));
}

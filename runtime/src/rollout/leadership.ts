import { ApiError, type KubernetesObject, LEASES } from '../kubernetes-api';
import type { RolloutApi } from './api';
import type { Clock } from './clock';
import type { Holder } from './state';

/** The time that a leader leads without renewing. Whoever waits takes over after it, by a clock of its own. */
const DURATION_MILLIS = 15_000;

/** A leader stops this long before others take over: clocks run differently, and answers take their time. */
const MARGIN_MILLIS = 5000;

const REQUEST_MILLIS = 4000;

interface Lease extends KubernetesObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** Options of {@link Leadership}. */
export interface LeadershipOptions {
  readonly api: RolloutApi;

  /** Name of the Lease. */
  readonly name: string;

  /** Unique for this process. */
  readonly identity: string;
  readonly clock: Clock;
}

/**
 * Leadership by a Lease of the cluster, as client-go does it: a lease is over when it was not seen to change for its duration, by
 * the clock of whoever looks. Times of day in it are for people.
 *
 * Each acquisition has a greater term, which is written into the state: a leader that does not know that it was replaced is found
 * by it.
 */
export class Leadership {
  private term = 0;

  /** Until when this process leads, by its own clock. */
  private until = Number.NEGATIVE_INFINITY;

  /** The lease as it was seen last, and when it was seen first like that. */
  private seen: { readonly text: string; readonly at: number } | undefined;

  constructor(private readonly options: LeadershipOptions) {}

  /** This process and its term while it leads; undefined when it does not. */
  get holder(): Holder | undefined {
    return this.options.clock.monotonic() < this.until
      ? { identity: this.options.identity, term: this.term }
      : undefined;
  }

  /**
   * Renews the lease, or takes it when nobody holds it.
   *
   * @throws ApiError when the cluster does not answer, or somebody else was faster
   */
  async attempt(signal?: AbortSignal): Promise<void> {
    const { api, name, identity, clock } = this.options;
    const request = { timeoutMillis: REQUEST_MILLIS, ...(signal === undefined ? {} : { signal }) };
    const lease = await api.get<Lease>(LEASES, name, request);
    const { spec = {} } = lease;
    const isOwn = spec.holderIdentity === identity && spec.leaseTransitions === this.term;
    if (!isOwn) {
      this.until = Number.NEGATIVE_INFINITY;
      if (!this.isOver(spec)) {
        return;
      }
    }
    const term = isOwn ? this.term : Math.max(this.term, spec.leaseTransitions ?? 0) + 1;
    // Counted from before the request: others may have seen the lease change since then.
    const at = clock.monotonic();
    const time = clock.date().toISOString().replace('Z', '000Z');
    await api.replace<Lease>(
      LEASES,
      {
        ...lease,
        spec: {
          holderIdentity: identity,
          leaseDurationSeconds: DURATION_MILLIS / 1000,
          acquireTime: isOwn ? (spec.acquireTime ?? time) : time,
          renewTime: time,
          leaseTransitions: term,
        },
      },
      request,
    );
    this.term = term;
    this.until = at + DURATION_MILLIS - MARGIN_MILLIS;
  }

  /** Stops leading at once: somebody else does. */
  lost(): void {
    this.until = Number.NEGATIVE_INFINITY;
  }

  /** Stops leading, and lets others take over without waiting. */
  async release(): Promise<void> {
    if (this.holder === undefined) {
      return;
    }
    this.lost();
    const { api, name, identity } = this.options;
    const lease = await api.get<Lease>(LEASES, name, { timeoutMillis: REQUEST_MILLIS });
    if (lease.spec?.holderIdentity === identity) {
      const spec = { ...lease.spec, holderIdentity: '' };
      await api.replace<Lease>(LEASES, { ...lease, spec }, { timeoutMillis: REQUEST_MILLIS }).catch(ignoreConflict);
    }
  }

  /** Whether nobody holds the lease any more. */
  private isOver(spec: NonNullable<Lease['spec']>): boolean {
    if ((spec.holderIdentity ?? '') === '') {
      return true;
    }
    const now = this.options.clock.monotonic();
    const text = JSON.stringify(spec);
    if (this.seen?.text !== text) {
      this.seen = { text, at: now };
    }
    const durationMillis = Math.max(DURATION_MILLIS, (spec.leaseDurationSeconds ?? 0) * 1000);
    return now - this.seen.at >= durationMillis;
  }
}

function ignoreConflict(error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 409) {
    throw error;
  }
}

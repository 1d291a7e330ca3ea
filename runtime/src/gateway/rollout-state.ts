import { ROLLOUT_ANNOTATION_PREFIX, ROLLOUT_KEYS, type RolloutRouteConfig, type RolloutSplit } from '../contract';
import type { ConfigMapObject } from '../kubernetes-api';
import { errorMessage } from '../telemetry';
import { isShared, nothingShared, type Shares } from './shares';
import { readSplit } from './split';

const ABORT = `${ROLLOUT_ANNOTATION_PREFIX}abort`;

/** An abort that no split has confirmed. */
interface Abort {
  /** Revision that was known when it came. */
  readonly known: number;

  /** A split ends it that has a greater revision, or one greater than `known` and shares nothing itself. */
  readonly until: number;

  readonly why: string;
}

/**
 * What the routes should have for one rollout, from all that is known of it: the split, aborts, and when the controller was
 * heard of. Times are of one clock that never goes back, in milliseconds.
 */
export class RolloutState {
  /** Why the split of the ConfigMap is not applied; undefined when nothing is wrong with it. */
  problem: string | undefined;

  private uid: string | undefined;
  private split: RolloutSplit | undefined;
  private aborted: Abort | undefined;

  /** Value of the annotation that was obeyed, while it stays. */
  private annotation: string | undefined;

  private seen = false;
  private heartbeat: string | undefined;
  private heardAt: number;

  /**
   * @param now when the process started
   * @param former shares of the routes that a former process has left
   */
  constructor(
    private readonly route: RolloutRouteConfig,
    private readonly now: number,
    former: Shares = nothingShared(0, 'manifest'),
  ) {
    const { source, revision, ...shares } = former;
    const { stable, candidate } = route;
    // A controller that was not heard of has to be heard of before its split counts again.
    this.heardAt = source === 'dead-man' ? Number.NEGATIVE_INFINITY : now;
    if (source === 'abort') {
      this.aborted = { known: revision, until: revision, why: 'aborted before this process started' };
    } else if (source === 'split' || source === 'settled') {
      this.split = { stable, candidate, revision, ...shares, settled: source === 'settled' };
    }
  }

  /** Takes in the ConfigMap as it is now; undefined when there is none, which changes nothing. */
  onObject(object: ConfigMapObject | undefined, now: number): void {
    if (object === undefined) {
      return;
    }
    this.onIdentity(object.metadata.uid);
    this.onHeartbeat(object.data?.[ROLLOUT_KEYS.heartbeat], now);
    const revision = this.onSplit(object.data?.[ROLLOUT_KEYS.split]);
    this.onAnnotation(object.metadata.annotations?.[ABORT], revision);
  }

  /**
   * Takes everything from the candidate, until a split says otherwise that is newer than what is known.
   *
   * @param revision revision that the sender knows
   */
  abort(revision: number | undefined, why: string): void {
    const known = Math.max(this.split?.revision ?? 0, this.aborted?.known ?? 0);
    this.aborted = { known, until: Math.max(known, revision ?? 0, this.aborted?.until ?? 0), why };
  }

  /** What the routes should have now. */
  shares(now: number): Shares {
    const { aborted, split } = this;
    if (aborted !== undefined) {
      return nothingShared(aborted.until, 'abort');
    }
    if (split === undefined) {
      return nothingShared(0, 'manifest');
    }
    const { revision, candidateWeight, mirror, comparison, pinned, settled } = split;
    return now >= this.deadline
      ? nothingShared(revision, 'dead-man')
      : { revision, candidateWeight, mirror, comparison, pinned, source: settled === true ? 'settled' : 'split' };
  }

  /** Why the routes should have what {@link shares} says. */
  why(now: number): string {
    const { source, revision } = this.shares(now);
    const { afterMillis } = this.route.deadMan;
    const reasons = {
      manifest: 'no split is known',
      split: `split of revision ${revision}`,
      settled: `split of revision ${revision}, which stays`,
      abort: this.aborted?.why ?? '',
      'dead-man': `no new heartbeat of the controller for ${afterMillis} ms`,
    };
    return reasons[source];
  }

  /** When {@link shares} changes by itself; infinite when it does not. */
  get deadline(): number {
    const { afterMillis, action } = this.route.deadMan;
    const { split } = this;
    const watched = action === 'revert' && split !== undefined && split.settled !== true && isShared(split);
    return watched ? this.heardAt + afterMillis : Number.POSITIVE_INFINITY;
  }

  /** Seconds since the controller was heard of, or since the start of the process. */
  heartbeatAge(now: number): number {
    return Math.max(0, now - Math.max(this.heardAt, this.now)) / 1000;
  }

  /** Revisions of a ConfigMap that was made anew begin anew. */
  private onIdentity(uid: string | undefined): void {
    if (this.uid !== undefined && uid !== this.uid) {
      this.split = this.split && { ...this.split, revision: 0 };
      this.aborted = this.aborted && { ...this.aborted, known: 0, until: 0 };
      this.annotation = undefined;
    }
    this.uid = uid;
  }

  private onHeartbeat(heartbeat: string | undefined, now: number): void {
    // The first one that is seen may be old.
    if (this.seen && heartbeat !== undefined && heartbeat !== this.heartbeat) {
      this.heardAt = now;
    }
    this.seen = true;
    this.heartbeat = heartbeat;
  }

  /** @returns revision of the split; 0 when it is not applied */
  private onSplit(text: string | undefined): number {
    this.problem = undefined;
    if (text === undefined) {
      return 0;
    }
    try {
      const split = readSplit(text, this.route);
      // A read that is not of the newest state takes nothing back.
      if (split.revision > (this.split?.revision ?? 0)) {
        this.split = split;
        this.confirmAbort(split);
      }
      return split.revision;
    } catch (error) {
      this.problem = errorMessage(error);
      return 0;
    }
  }

  private confirmAbort(split: RolloutSplit): void {
    const { aborted } = this;
    if (aborted !== undefined && split.revision > (isShared(split) ? aborted.until : aborted.known)) {
      this.aborted = undefined;
    }
  }

  private onAnnotation(annotation: string | undefined, revision: number): void {
    if (annotation !== undefined && annotation !== this.annotation) {
      this.abort(revision, `the annotation ${ABORT} says: ${annotation}`);
    }
    this.annotation = annotation;
  }
}

import type { ROLLOUT_VERBS } from '../../contract';
import type { Holder, IntervalCounts } from '../state';
import type { Report } from '../statistics';

/** What the proxies do, as their agents say. */
export interface ProxyView {
  /** How many there are; absent = that is not known. */
  readonly all?: number;

  /** How many serve the split that is meant. */
  readonly serving: number;

  /** Whether every proxy serves the split that is meant, and there is one at least. */
  readonly isApplied: boolean;

  /** The greatest revision that one of them has; 0 = none. */
  readonly highestRevision: number;

  /** Why a proxy has taken the candidate's share away, when somebody told it so. */
  readonly aborted?: string;

  /** Why the split is not applied, for people. */
  readonly problem?: string;
}

/** One of `ROLLOUT_VERBS`. */
export type Verb = (typeof ROLLOUT_VERBS)[number];

/** What a person asks for. */
export interface PersonRequest {
  readonly verb: Verb;

  /** Identifies the request. Absent = it is gone once it was answered. */
  readonly id?: string;
  readonly by: string;
  readonly why: string;
}

/** Everything that a controller sees at once. */
export interface Look {
  /** Who looks. */
  readonly holder: Holder;

  /** Time since the look before of the same controller, by its own clock; 0 = it is the first, or nobody looked for too long. */
  readonly elapsedMillis: number;

  /** The split that the proxies were held against. */
  readonly revision: number;
  readonly proxies: ProxyView;

  /** Whether the proxies served that split at this look and at the one before. */
  readonly isContinuous: boolean;

  /** What was counted since the look before. Absent = that is not known. */
  readonly counts?: IntervalCounts;

  /** Why counts are missing. */
  readonly missing?: string;

  /** Why values of outcome metrics are missing; what else was counted still counts. */
  readonly missingOutcomes?: string;

  /** Ready pods; absent = that is not known. */
  readonly ready: { readonly stable?: number; readonly candidate?: number };

  /** What people ask for. */
  readonly requests: readonly PersonRequest[];

  /** Numbers for people, of the answers that were compared. */
  readonly reports?: readonly Report[];

  /** Why the rollout has to be aborted: decided at a look before, and not written. */
  readonly abort?: string;
}

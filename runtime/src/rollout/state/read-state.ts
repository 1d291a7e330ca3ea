import * as z from 'zod';
import { ROLLOUT_KEYS, ROLLOUT_PHASES } from '../../contract';
import { NO_SUMS } from './counts';
import { type RolloutState, STATE_SCHEMA } from './rollout-state';

const count = z.number();
const arm = z.object({
  started: count,
  answered: count,
  errors: count,
  timed: count,
  timeouts: count,
  unanswered: count,
  over: z.record(z.string(), count),
  units: count,
  late: count,
});

const moments = z.object({
  n: count,
  sum: count,
  sumSquares: count,
  denominator: z.object({ sum: count, sumSquares: count, sumProducts: count }).optional(),
});

/** Counts of a step. What has a default is absent in states that were written before it was counted. */
const step = z.object({
  round: count,
  stable: arm,
  candidate: arm,
  shadow: arm,
  pin: arm.default(NO_SUMS),
  comparison: z.object({ agreements: count, disagreements: count, failures: count, dropped: count, skipped: count }),
  outcomes: z.record(z.string(), z.object({ stable: moments, candidate: moments })).default({}),
});

const sequential = z.looseObject({ test: z.string(), logRatio: z.number(), seen: z.array(z.unknown()) });
const evidence = z.looseObject({ test: z.string(), outcome: z.string(), reason: z.string(), alpha: z.number() });

const state = z.object({
  schema: z.literal(STATE_SCHEMA),
  stable: z.string(),
  candidate: z.string(),
  configDigest: z.string(),
  phase: z.enum(ROLLOUT_PHASES),
  reason: z.string(),
  since: z.string(),
  step: z.int().min(-1),
  revision: z.int().min(0),
  attempt: z.int().min(1),
  clock: z.object({ observed: count, blind: count, undecided: count, unready: count }),
  counts: z.array(step),
  tests: z.record(z.string(), sequential),
  evidence: z.record(z.string(), evidence),
  pausedFor: z.enum(['step', 'person', 'undecided', 'missing-data', 'sample-ratio']).optional(),
  handled: z.array(z.string()),
  holder: z.object({ identity: z.string(), term: z.int() }).optional(),
});

/** What a ConfigMap remembers of a rollout. */
export interface Remembered {
  /** Absent = there is none, or it is not understood. */
  readonly state?: RolloutState;

  /** Why there is a state that is not understood. */
  readonly flaw?: string;

  /** The greatest revision that can be found in it, understood or not. */
  readonly revision: number;
}

/** Reads what a ConfigMap remembers. Never throws: what cannot be read is a flaw. */
export function readState(data: Readonly<Record<string, string>> = {}): Remembered {
  const revisions = [data[ROLLOUT_KEYS.state], data[ROLLOUT_KEYS.split]].map(revisionIn);
  const revision = Math.max(0, ...revisions);
  const text = data[ROLLOUT_KEYS.state];
  if (text === undefined || text === '') {
    return { revision };
  }
  const parsed = state.safeParse(parse(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { revision, flaw: `${issue.path.map(String).join('.') || ROLLOUT_KEYS.state}: ${issue.message}` };
  }
  // The evidence and the memory of tests are looked at by whoever made them.
  return { state: parsed.data as unknown as RolloutState, revision };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}

const withRevision = z.object({ revision: z.int().min(0) });

function revisionIn(text: string | undefined): number {
  return text === undefined ? 0 : (withRevision.safeParse(parse(text)).data?.revision ?? 0);
}

import { WHOLE_SHARE } from '../contract';

/** Where the numbers of a rollout come from. `settled` is a split that stays without anybody to be heard of. */
const SOURCES = ['manifest', 'split', 'settled', 'abort', 'dead-man'] as const;

export type Source = (typeof SOURCES)[number];

/** The numbers that the routes have for one rollout; all but the revision of `WHOLE_SHARE`. */
export interface Shares {
  /** Of the split; for an abort, the split that ends it has a greater one. */
  readonly revision: number;
  readonly candidateWeight: number;
  readonly mirror: number;
  readonly comparison: number;

  /** Whether the header leads to the candidate. */
  readonly pinned: boolean;

  readonly source: Source;
}

/** Everything to the stable version. */
export function nothingShared(revision: number, source: Source): Shares {
  return { revision, candidateWeight: 0, mirror: 0, comparison: 0, pinned: false, source };
}

/** Whether the candidate gets requests of any kind. */
export function isShared({ candidateWeight, mirror, comparison, pinned }: Omit<Shares, 'source'>): boolean {
  return candidateWeight > 0 || mirror > 0 || comparison > 0 || pinned;
}

/** The shares of rollouts by their names. */
export type SharesByRollout = ReadonlyMap<string, Shares>;

/** The version of routes with these shares: `<base>;<rollout>=<revision>:<shares>:<source>;…`, the same for the same content. */
export function versionOf(base: string, shares: SharesByRollout): string {
  const parts = [...shares].map(([rollout, each]) => {
    const { revision, candidateWeight, mirror, comparison, pinned, source } = each;
    return `${rollout}=${revision}:${candidateWeight},${mirror},${comparison},${Number(pinned)}:${source}`;
  });
  return [base, ...parts].join(';');
}

/** The shares that a version stands for; undefined when it is none of routes with that base. */
export function sharesOf(base: string, version: string): SharesByRollout | undefined {
  const [head, ...parts] = version.split(';');
  const matches = parts.map((part) => /^([^=]+)=(\d+):(\d+),(\d+),(\d+),([01]):([a-z-]+)$/.exec(part));
  if (head !== base || matches.includes(null)) {
    return undefined;
  }
  const entries = matches.map((match): [string, Shares] => {
    const [revision = 0, candidateWeight = 0, mirror = 0, comparison = 0, pinned = 0] = (match ?? [])
      .slice(2, 7)
      .map(Number);
    const source = SOURCES.find((each) => each === match?.[7]) ?? 'manifest';
    return [match?.[1] ?? '', { revision, candidateWeight, mirror, comparison, pinned: pinned === 1, source }];
  });
  const whole = entries.every(([, each]) =>
    [each.candidateWeight, each.mirror, each.comparison].every((share) => share <= WHOLE_SHARE),
  );
  return whole ? new Map(entries) : undefined;
}

/** Counts of one arm in one stratum, from its beginning. */
export interface ArmCounts {
  /** Requests. */
  readonly n: number;

  /** Those of them that count against the arm. */
  readonly events: number;
}

/** A part of the observation within which the share of the candidate was the same: a step of the rollout. */
export interface Stratum {
  /** Unique within the test. */
  readonly name: string;
  readonly stable: ArmCounts;
  readonly candidate: ArmCounts;
}

/** The counts of an arm over all strata. */
export function total(strata: readonly Stratum[], arm: 'stable' | 'candidate'): ArmCounts {
  return strata.reduce((sum, stratum) => plus(sum, stratum[arm]), NOTHING);
}

/** What came to an arm since then. */
export function since(before: Stratum | undefined, now: Stratum): Stratum {
  const { stable, candidate } = before ?? { stable: NOTHING, candidate: NOTHING };
  return { name: now.name, stable: minus(now.stable, stable), candidate: minus(now.candidate, candidate) };
}

/** The strata of before, with the present counts of those that go on. */
export function update<T extends { readonly name: string }>(before: readonly T[], now: readonly T[]): readonly T[] {
  return [...before.filter(({ name }) => find(now, name) === undefined), ...now];
}

export function find<T extends { readonly name: string }>(strata: readonly T[], name: string): T | undefined {
  return strata.find((stratum) => stratum.name === name);
}

/** Why these cannot be counts that follow those of before; undefined when they can. */
export function flawOfStrata(before: readonly Stratum[], now: readonly Stratum[]): string | undefined {
  return (
    flawOfNames(now) ??
    firstFlaw(now, ({ name, stable, candidate }) => {
      const old = find(before, name);
      return flawOfArm(old?.stable, stable) ?? flawOfArm(old?.candidate, candidate);
    })
  );
}

/** Why these cannot be the names of strata; undefined when they can. */
export function flawOfNames(strata: readonly { readonly name: string }[]): string | undefined {
  const twice = strata.find(({ name }, index) => strata.findIndex((other) => other.name === name) < index);
  return twice === undefined ? undefined : `two strata have the name ${twice.name}`;
}

/** The first flaw of a stratum, with its name. */
export function firstFlaw<T extends { readonly name: string }>(
  strata: readonly T[],
  flawOf: (stratum: T) => string | undefined,
): string | undefined {
  for (const stratum of strata) {
    const flaw = flawOf(stratum);
    if (flaw !== undefined) {
      return `${flaw} (stratum ${stratum.name})`;
    }
  }
  return undefined;
}

/** Whether something remembered can be strata whose arms have these numbers. */
export function areStrata(value: unknown, numbers: readonly string[]): boolean {
  const isArm = (arm: Record<string, unknown> | undefined) => numbers.every((key) => Number.isFinite(arm?.[key]));
  return (
    Array.isArray(value) &&
    value.every((one) => typeof one?.name === 'string' && isArm(one.stable) && isArm(one.candidate))
  );
}

/** Whether it can be a count. It need not be whole: some sources extrapolate. */
export function isCount(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

/** Strata as plain JSON, for evidence. */
export function plain(strata: readonly Stratum[]) {
  return strata.map(({ name, stable, candidate }) => ({ name, stable: { ...stable }, candidate: { ...candidate } }));
}

/** Counts that are not whole are exact to this part. */
const ROUNDING = 1e-9;

const NOTHING: ArmCounts = { n: 0, events: 0 };

function flawOfArm(before: ArmCounts = NOTHING, { n, events }: ArmCounts): string | undefined {
  if (!isCount(n) || !isCount(events)) {
    return `${isCount(n) ? events : n} is not a count`;
  }
  if (events > n) {
    return `there are more events (${events}) than requests (${n})`;
  }
  if (n < before.n || events < before.events) {
    return `a count has become less: ${events} of ${n} after ${before.events} of ${before.n}`;
  }
  return events - before.events > n - before.n + ROUNDING * n
    ? `more events than requests came: ${events} of ${n} after ${before.events} of ${before.n}`
    : undefined;
}

function plus(a: ArmCounts, b: ArmCounts): ArmCounts {
  return { n: a.n + b.n, events: a.events + b.events };
}

function minus(a: ArmCounts, b: ArmCounts): ArmCounts {
  return { n: a.n - b.n, events: a.events - b.events };
}

import type { Json } from '../../kubernetes';

/** How requests of one protocol that are for a model are told. */
export interface ModelMatches {
  readonly any: Json;
  readonly predictions: Json;
  /** Calls without an end of their own. */
  readonly endless: Json[];
  /** What everybody may ask. */
  readonly open: Json[];
  /** By a version in the path, as a regular expression. Absent = paths have no versions. */
  readonly version?: (regex: string) => Json;
}

/** A match with one more condition on a header. */
export function withHeader(match: Json, condition: Json): Json {
  const { headers = [] } = match as { headers?: Json[] };
  return { ...match, headers: [...headers, condition] };
}

/** The condition that a header has a value. */
export function headerIs(name: string, value: string): Json {
  return { name, string_match: { exact: value } };
}

/** What the answer of a receiver means. */
export type Verdict =
  /** It has the event. */
  | 'taken'
  /** It may take it later. */
  | 'later'
  /** It will never take this event. */
  | 'refused'
  /** It takes nothing from us: address or login are wrong. */
  | 'wrong';

const LATER: ReadonlySet<number> = new Set([408, 425, 429]);
const WRONG: ReadonlySet<number> = new Set([401, 403, 404, 405, 407]);

/** What a status says. A redirect is not followed: it could lead events, and the authorization, to somebody else. */
export function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) {
    return 'taken';
  }
  if (status >= 500 || LATER.has(status)) {
    return 'later';
  }
  return WRONG.has(status) || (status >= 300 && status < 400) ? 'wrong' : 'refused';
}

/**
 * How long a receiver asks to be left alone.
 *
 * @param value header `Retry-After`: seconds or a date
 * @param most longest time, in milliseconds
 * @returns milliseconds; undefined when it does not say
 */
export function retryAfterMillis(value: string | undefined, most: number): number | undefined {
  if (value === undefined) {
    return undefined;
  }
  const millis = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(millis) && millis > 0 ? Math.min(millis, most) : undefined;
}

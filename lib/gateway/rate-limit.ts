import type { Duration } from 'cdk8s';
import { millisOf, quote, RULES, type Violation, violation } from '../kubernetes';

const LARGEST_LIMIT = 1_000_000;
const SHORTEST_MILLIS = 50;
const LONGEST_MILLIS = 24 * 60 * 60_000;

/** What is counted apart. */
type RateLimitKind = 'client' | 'model' | 'global';

/** One limit. */
export interface RateLimitPart {
  readonly kind: RateLimitKind;
  readonly requests: number;
  readonly window: Duration;
}

/**
 * How many requests a gateway lets through; more are answered with 429.
 *
 * Each replica of the gateway counts by itself: all together let at most as many times the limit through as there are
 * replicas, and a client on one connection gets the limit exactly. What is saved up is never more than one time the limit.
 */
export class RateLimit {
  /**
   * So many for each client: by the name of its API key, by the subject of its token, or, without authentication, by its
   * address (of IPv6 the first 64 bits).
   *
   * @param requests number of requests
   * @param window time that they are counted in
   */
  public static perClient(requests: number, window: Duration): RateLimit {
    return new RateLimit([{ kind: 'client', requests, window }]);
  }

  /**
   * So many for each model, all its versions together.
   *
   * @param requests number of requests
   * @param window time that they are counted in
   */
  public static perModel(requests: number, window: Duration): RateLimit {
    return new RateLimit([{ kind: 'model', requests, window }]);
  }

  /**
   * So many for everything together.
   *
   * @param requests number of requests
   * @param window time that they are counted in
   */
  public static global(requests: number, window: Duration): RateLimit {
    return new RateLimit([{ kind: 'global', requests, window }]);
  }

  /**
   * Several limits; a request has to keep all of them.
   *
   * @param limits of each kind at most one
   */
  public static allOf(limits: RateLimit[]): RateLimit {
    return new RateLimit(limits.flatMap(({ _parts: parts }) => parts));
  }

  /** @internal */
  public readonly _parts: RateLimitPart[];

  private constructor(parts: RateLimitPart[]) {
    this._parts = parts;
  }
}

/** The limit of a kind, when there is one. */
export function limitOf(limit: RateLimit | undefined, kind: RateLimitKind): RateLimitPart | undefined {
  return limit?._parts.find((part) => part.kind === kind);
}

/** Checks limits as they are declared. */
export function checkRateLimit({ _parts: parts }: RateLimit): Violation[] {
  const kinds = parts.map(({ kind }) => kind);
  const fix = 'Write for example RateLimit.perClient(200, Duration.seconds(1)).';
  return [
    ...(parts.length > 0 && new Set(kinds).size === kinds.length
      ? []
      : [
          violation(
            RULES.rateLimit,
            `RateLimit.allOf has ${kinds.length === 0 ? 'no limit' : `the limits ${kinds.map(quote).join(', ')}`}.`,
            fix,
          ),
        ]),
    ...parts
      .filter((part) => !isLimit(part))
      .map(({ kind, requests, window }) =>
        violation(RULES.rateLimit, `The limit ${quote(kind)} is ${quote(requests)} in ${window.toHumanString()}.`, fix),
      ),
  ];
}

function isLimit({ requests, window }: RateLimitPart): boolean {
  const millis = millisOf(window);
  const whole = Number.isInteger(requests) && requests >= 1 && requests <= LARGEST_LIMIT;
  return whole && Number.isInteger(millis) && millis >= SHORTEST_MILLIS && millis <= LONGEST_MILLIS;
}

import { Duration, Size } from 'cdk8s';
import type { ResponseCacheConfig } from '../../contract';
import { bytesOf, checkDuration, millisOf, RULES, type Violation, violation } from '../../kubernetes';

const LEAST_BYTES = 1024;

/** Options of {@link ResponseCache.inMemory}. */
export interface InMemoryCacheOptions {
  /**
   * Most memory for answers and the inputs that they belong to, at least 1 KiB. The memory of the pod grows by it, unless
   * you set that.
   *
   * @default Size.mebibytes(16)
   */
  readonly maxSize?: Size;

  /**
   * Older answers are computed again.
   *
   * @default Duration.minutes(1)
   */
  readonly maxAge?: Duration;
}

/**
 * Answers that are kept for equal inputs. For models that are asked the same thing again and again, and always answer the
 * same.
 */
export class ResponseCache {
  /**
   * In the memory of each replica; the least recently used answers go first.
   *
   * @param options size and age
   */
  public static inMemory(options: InMemoryCacheOptions = {}): ResponseCache {
    return new ResponseCache(options);
  }

  /** @internal */
  public readonly _maxSize: Size;

  /** @internal */
  public readonly _maxAge: Duration;

  private constructor({ maxSize = Size.mebibytes(16), maxAge = Duration.minutes(1) }: InMemoryCacheOptions) {
    this._maxSize = maxSize;
    this._maxAge = maxAge;
  }
}

/** A response cache as the runtime reads it. */
export function renderResponseCache({ _maxSize: maxSize, _maxAge: maxAge }: ResponseCache): ResponseCacheConfig {
  return renderCache(maxSize, maxAge);
}

/** Checks a response cache as it is declared. */
export function checkResponseCache({ _maxSize: maxSize, _maxAge: maxAge }: ResponseCache): Violation[] {
  return checkCache('cache', maxSize, maxAge);
}

/** Any cache, in bytes and milliseconds. */
export function renderCache(maxSize: Size, maxAge: Duration): ResponseCacheConfig {
  return { maxBytes: bytesOf(maxSize), maxAgeMillis: Math.ceil(millisOf(maxAge)) };
}

/** Checks size and age of any cache. */
export function checkCache(prop: string, maxSize: Size, maxAge: Duration): Violation[] {
  return [
    ...(bytesOf(maxSize) >= LEAST_BYTES
      ? []
      : [
          violation(
            RULES.cacheSize,
            `${prop} has a maxSize of ${maxSize.asString()}.`,
            'Write a size such as Size.mebibytes(16).',
          ),
        ]),
    ...checkDuration(`${prop}.maxAge`, maxAge),
  ];
}

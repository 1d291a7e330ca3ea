import { addAbortSignal } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { type ApiConnection, type ApiRequest, MAX_ANSWER_BYTES, noAnswer, unreachable } from './connection';
import { ApiError } from './error';
import { linesOf } from './lines';
import type { KubernetesObject } from './objects';
import { within } from './within';

/** Who hears of an object. */
export interface ObjectWatcher<T> {
  /** Ends the watch. */
  readonly signal: AbortSignal;

  /**
   * Called with the object at first, and after every change; undefined when there is none. The same state may come twice.
   */
  onObject(object: T | undefined): void;

  /** Called when changes begin to arrive, and after every attempt that failed. */
  onState(connected: boolean, error?: Error): void;
}

/** Times of a watch, in milliseconds. */
export interface WatchTimes {
  /** The API ends each answer after so long, and at most twice as long: a connection that died unseen is noticed then. */
  readonly answerMillis: number;

  /** How long the API may take to begin an answer, and to end it after its time. */
  readonly patienceMillis: number;

  /** Longest delay before the second attempt; it doubles each time. */
  readonly firstDelayMillis: number;

  readonly maxDelayMillis: number;
}

const WATCH_TIMES: WatchTimes = {
  answerMillis: 30_000,
  patienceMillis: 10_000,
  firstDelayMillis: 250,
  maxDelayMillis: 10_000,
};

/** No longer than this, whatever the API asks for. */
const MAX_RETRY_AFTER_MILLIS = 60_000;

/** An answer that ends sooner than this is followed by a delay, as a failure is. */
const SHORT_ANSWER_MILLIS = 1000;

/** One event of a watch. */
interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubernetesObject & { readonly code?: number; readonly reason?: string; readonly message?: string };
}

/**
 * Follows one object: lists it, then watches from there on. An answer that ends is resumed where it was; when the API has
 * forgotten that place (410), the object is listed again. Failures are tried again after growing random delays.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export class ObjectWatch<T extends KubernetesObject> {
  /** Where to resume; undefined = the object has to be listed. */
  private version: string | undefined;
  private failures = 0;

  /** @param path path of the collection, and the query that selects the object */
  constructor(
    private readonly connection: ApiConnection,
    private readonly path: string,
    private readonly watcher: ObjectWatcher<T>,
    private readonly times: WatchTimes = WATCH_TIMES,
  ) {}

  /** Follows the object until the signal ends it. Rejects only when `onState` throws. */
  async run(): Promise<void> {
    const { signal, onState } = this.watcher;
    while (!signal.aborted) {
      const started = performance.now();
      let retryAfter = 0;
      try {
        this.version ??= await this.list();
        await this.follow(this.version);
        this.failures = performance.now() - started < SHORT_ANSWER_MILLIS ? this.failures + 1 : 0;
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        this.failures += 1;
        if (isExpired(error)) {
          this.version = undefined;
        } else {
          onState(false, error instanceof Error ? error : new Error(String(error)));
        }
        retryAfter = error instanceof ApiError ? (error.retryAfterMillis ?? 0) : 0;
      }
      await this.pause(retryAfter);
    }
  }

  private async list(): Promise<string> {
    const { patienceMillis: timeoutMillis } = this.times;
    const { signal, onObject } = this.watcher;
    const request: ApiRequest = { method: 'GET', path: this.path };
    const list = (await this.connection.send(request, { timeoutMillis, signal })) as {
      readonly metadata?: { readonly resourceVersion?: string };
      readonly items?: readonly T[];
    };
    if (!Array.isArray(list.items) || list.metadata?.resourceVersion === undefined) {
      throw unreachable(request, 'the answer is not a list');
    }
    onObject(list.items[0]);
    return list.metadata.resourceVersion;
  }

  private async follow(version: string): Promise<void> {
    const { answerMillis, patienceMillis } = this.times;
    const { signal, onState } = this.watcher;
    const seconds = Math.ceil((answerMillis * (1 + Math.random())) / 1000);
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${seconds}`;
    const request: ApiRequest = {
      method: 'GET',
      path: `${this.path}&${query}&resourceVersion=${encodeURIComponent(version)}`,
    };
    const timeout = (millis: number) => ({ millis, timeout: () => noAnswer(request, millis) });
    await within({ ...timeout(seconds * 1000 + patienceMillis), signal }, async (ending) => {
      const answer = await within({ ...timeout(patienceMillis), signal: ending }, (beginning) =>
        this.connection.open(request, beginning),
      );
      addAbortSignal(ending, answer);
      answer.setEncoding('utf8');
      onState(true);
      for await (const line of linesOf(answer as AsyncIterable<string>, MAX_ANSWER_BYTES)) {
        this.accept(JSON.parse(line) as WatchEvent);
      }
    });
  }

  private accept({ type, object }: WatchEvent): void {
    if (type === 'ERROR') {
      const { code = 0, reason = '', message = '' } = object;
      throw new ApiError(`WATCH ${this.path}: ${code} ${message}`, { status: code, reason });
    }
    this.failures = 0;
    if (type !== 'BOOKMARK') {
      this.watcher.onObject(type === 'DELETED' ? undefined : (object as unknown as T));
    }
    this.version = object.metadata.resourceVersion;
  }

  private async pause(atLeast: number): Promise<void> {
    const { firstDelayMillis, maxDelayMillis } = this.times;
    const { signal } = this.watcher;
    if (this.failures > 0 && !signal.aborted) {
      const bound = Math.min(maxDelayMillis, firstDelayMillis * 2 ** Math.min(this.failures - 1, 30));
      const delay = Math.max(bound * Math.random(), Math.min(atLeast, MAX_RETRY_AFTER_MILLIS));
      await wait(delay, undefined, { signal }).catch(() => undefined);
    }
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof ApiError && error.status === 410;
}

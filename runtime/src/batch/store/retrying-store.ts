import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { AttemptClock, type AttemptLimits, delayBefore, FetchError, Inbox, type RetryPolicy } from '../../fetch';
import { errorMessage, type Logger } from '../../telemetry';
import { contentBytes } from './content';
import type { StoreDriver } from './driver';
import { ObjectChangedError } from './error';
import type { Content, ObjectInfo, ObjectStore, ReadRange } from './object-store';

/** Longest time of an operation without a body to speak of. */
const SMALL_MILLIS = 60_000;

/** Slowest upload that is waited for, in bytes a millisecond. */
const SLOWEST_BYTES = 64;

const NEVER = new AbortController().signal;

/** Options of a store. */
export interface StoreOptions {
  readonly logger: Logger;
  readonly retry: RetryPolicy;

  /** Ends everything, with its reason as the error. @default - nothing does */
  readonly signal?: AbortSignal;
}

/** A store that tries again. */
export class RetryingStore implements ObjectStore {
  constructor(
    private readonly driver: StoreDriver,
    private readonly options: StoreOptions,
  ) {}

  get uri(): string {
    return this.driver.uri;
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    for await (const { objects } of this.pages(prefix, false)) {
      yield* objects;
    }
  }

  async folders(folder: string): Promise<string[]> {
    const found = new Set<string>();
    for await (const page of this.pages(folder, true)) {
      for (const key of page.folders) {
        found.add(key.slice(folder.length).replace(/\/$/, ''));
      }
    }
    return [...found];
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.attempts((signal) => this.driver.head(key, signal));
  }

  async *read(key: string, { from, to, etag, signal }: ReadRange): AsyncGenerator<Buffer> {
    const { stallMillis } = this.options.retry;
    let position = from;
    let failures = 0;
    while (position < to) {
      const clock = new AttemptClock({ totalMillis: 2 ** 31 - 1, stallMillis }, this.outer(signal));
      let body: Readable | undefined;
      try {
        body = await this.driver.open(key, { from: position, to, etag }, clock.signal);
        if (body === undefined) {
          throw new ObjectChangedError(this.uriOf(key));
        }
        for await (const chunk of new Inbox(body)) {
          clock.received();
          failures = 0;
          position += chunk.length;
          yield chunk;
          clock.received();
        }
        if (position < to) {
          throw FetchError.transient(`${this.uriOf(key)}: the connection ended after byte ${position} of ${to}.`);
        }
      } catch (error) {
        failures += 1;
        await this.pauseAfter(clock.signal.aborted ? clock.signal.reason : error, failures, this.outer(signal));
      } finally {
        body?.destroy();
        clock.stop();
      }
    }
  }

  async get(key: string): Promise<Buffer | undefined> {
    const info = await this.head(key);
    if (info === undefined) {
      return undefined;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of this.read(key, { from: 0, to: info.bytes, etag: info.etag })) {
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async create(key: string, content: Content): Promise<'created' | 'exists'> {
    const isNew = await this.attempts((signal) => this.driver.write(key, content, true, signal), limitsFor(content));
    return isNew ? 'created' : 'exists';
  }

  async put(key: string, content: Content): Promise<void> {
    await this.attempts((signal) => this.driver.write(key, content, false, signal), limitsFor(content));
  }

  delete(key: string): Promise<void> {
    return this.attempts((signal) => this.driver.delete(key, signal));
  }

  localPath(key: string): string | undefined {
    return this.driver.localPath?.(key);
  }

  close(): void {
    this.driver.close();
  }

  private async *pages(prefix: string, shallow: boolean) {
    for (let after: string | undefined; ; ) {
      const page = await this.attempts((signal) => this.driver.page({ prefix, shallow, after }, signal));
      yield page;
      after = page.next;
      if (after === undefined) {
        return;
      }
    }
  }

  private async attempts<T>(
    work: (signal: AbortSignal) => Promise<T>,
    limits: AttemptLimits = { totalMillis: SMALL_MILLIS, stallMillis: SMALL_MILLIS },
  ): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      const clock = new AttemptClock(limits, this.outer());
      try {
        return await work(clock.signal);
      } catch (error) {
        await this.pauseAfter(clock.signal.aborted ? clock.signal.reason : error, failures, this.outer());
      } finally {
        clock.stop();
      }
    }
  }

  /** Waits before the next attempt. @throws what went wrong, when no attempt is worth it */
  private async pauseAfter(error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    const { retry, logger } = this.options;
    if (signal.aborted) {
      throw signal.reason;
    }
    const known = error instanceof Error && 'exitCode' in error;
    const fault = known ? error : FetchError.transient(`${this.uri}: ${errorMessage(error)}`, error);
    if (!(fault instanceof FetchError) || !fault.retryable) {
      throw fault;
    }
    if (failures >= retry.attempts) {
      throw FetchError.failure(`${fault.message} Given up after ${failures} attempts.`, fault);
    }
    const delayMillis = Math.round(delayBefore(failures, retry, fault.retryAfterMillis));
    logger.warn({ reason: fault.message, delayMillis }, 'object store failed; trying again');
    await wait(delayMillis, undefined, { signal }).catch(() => {
      throw signal.reason;
    });
  }

  private outer(signal?: AbortSignal): AbortSignal {
    return signal ?? this.options.signal ?? NEVER;
  }

  private uriOf(key: string): string {
    return `${this.uri}/${key}`;
  }
}

function limitsFor(content: Content): AttemptLimits {
  const totalMillis = SMALL_MILLIS + contentBytes(content) / SLOWEST_BYTES;
  return { totalMillis, stallMillis: totalMillis };
}

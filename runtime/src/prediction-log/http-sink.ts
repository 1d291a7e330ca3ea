import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type BreakerCall,
  CircuitBreaker,
  type CircuitBreakerOptions,
  exponentialDelay,
  RetryBudget,
} from '../scheduling';
import type { EventSink } from './event-queue';

/** Options of {@link HttpSink}. */
export interface HttpSinkOptions {
  readonly url: string;

  /** File with the value of the header `Authorization`, read anew for each request. Absent = none. */
  readonly authorizationPath?: string;
  readonly onBreakerChange: CircuitBreakerOptions['onChange'];
}

const BATCH_TYPE = 'application/cloudevents-batch+json';
const REQUEST_MILLIS = 10_000;
const ATTEMPTS = 3;
const FIRST_DELAY_MILLIS = 200;
const MOST_DELAY_MILLIS = 5000;

/** How often it is looked whether the circuit breaker lets the next request pass. */
const BREAKER_POLL_MILLIS = 250;

/** The receiver will not take these events, however often they are sent. */
class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/**
 * Sends batches of structured CloudEvents by POST. A batch is sent at most three times, while the retry budget lasts; an
 * event that arrives twice has the same id. While the circuit breaker is open the events wait.
 */
export class HttpSink implements EventSink {
  private readonly breaker: CircuitBreaker;
  private readonly budget = new RetryBudget();

  constructor(private readonly options: HttpSinkOptions) {
    this.breaker = new CircuitBreaker({ onChange: options.onBreakerChange });
  }

  async write(events: readonly string[], signal: AbortSignal): Promise<void> {
    const body = `[${events.join(',')}]`;
    this.budget.attempted();
    for (let attempt = 0; ; attempt += 1) {
      const call = await this.permission(signal);
      try {
        await this.post(body, signal);
        call.succeeded();
        return;
      } catch (error) {
        if (error instanceof RefusedError) {
          call.succeeded(); // it answered, and the next events may be right
          throw error;
        }
        call.failed();
        if (attempt + 1 >= ATTEMPTS || signal.aborted || !this.budget.tryRetry()) {
          throw error;
        }
      }
      await wait(exponentialDelay(attempt, FIRST_DELAY_MILLIS, MOST_DELAY_MILLIS), undefined, { signal });
    }
  }

  async close(): Promise<void> {
    // Connections of fetch() close by themselves.
  }

  /** Waits until the breaker lets a request pass. */
  private async permission(signal: AbortSignal): Promise<BreakerCall> {
    for (;;) {
      signal.throwIfAborted();
      const call = this.breaker.tryCall();
      if (call !== undefined) {
        return call;
      }
      await wait(BREAKER_POLL_MILLIS, undefined, { signal });
    }
  }

  private async post(body: string, signal: AbortSignal): Promise<void> {
    const { url, authorizationPath } = this.options;
    const headers: Record<string, string> = { 'Content-Type': BATCH_TYPE };
    if (authorizationPath !== undefined) {
      headers.Authorization = (await readFile(authorizationPath, 'utf8')).trim();
    }
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      // A redirect could lead the events, and the authorization, to somebody else.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MILLIS)]),
    });
    await response.body?.cancel();
    if (response.ok) {
      return;
    }
    const message = `the receiver answered ${response.status}`;
    throw isRetryable(response.status) ? new Error(message) : new RefusedError(message);
  }
}

function isRetryable(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

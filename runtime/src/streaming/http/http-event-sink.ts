import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { HttpSinkConfig } from '../../contract';
import { exponentialDelay } from '../../scheduling';
import { errorMessage } from '../../telemetry';
import { type ClientContext, type EventSink, type ProducedEvent, type RecordRefusal, StreamError } from '../event';
import { requestHeaders } from './event-request';
import { explanationOf, type HttpAnswer, HttpClient } from './http-client';
import { inLanes, lanesOf } from './lanes';
import { retryAfterMillis, verdictOf } from './verdict';

/** Pauses before the same is tried again, in milliseconds. */
const FIRST_PAUSE = 100;
const MOST_PAUSE = 10_000;
const MOST_RETRY_AFTER = 300_000;

/** So much of an answer is looked at. */
const MOST_ANSWER_BYTES = 16 * 1024;

/** How long a receiver may say that address or login are wrong: one that is being deployed says so for a while. */
const PATIENCE_MILLIS = 60_000;

/** The receiver has not taken an event. */
class NotTakenError extends Error {
  override readonly name = 'NotTakenError';

  /** How long it asks to be left alone. */
  readonly pauseMillis: number | undefined;

  constructor(
    answer: HttpAnswer,
    /** Whether no event at all is taken from us. */
    readonly wrong: boolean,
  ) {
    super(`the receiver answered ${answer.status}${explanationOf(answer)}`);
    this.pauseMillis = retryAfterMillis(answer.retryAfter, MOST_RETRY_AFTER);
  }
}

/**
 * Posts CloudEvents, one a request; a status of 2xx acknowledges it.
 *
 * Events with the same key are posted one after the other, others side by side. What may succeed later is tried again
 * without end: no answer, 5xx, 408, 425 and 429, as late as `Retry-After` asks. Other answers of 4xx refuse the event; but those
 * that concern all of them (401, 403, 404, 405, 407 and redirects) end the process when they last for a minute.
 */
export class HttpEventSink implements EventSink {
  private readonly receiver: HttpClient;
  private readonly source: string;
  private last: Promise<unknown> = Promise.resolve();
  private wrongSince: number | undefined;
  private failure: StreamError | undefined;

  /**
   * @param patienceMillis see above; 60 s by default
   * @throws StreamError when the address is none
   */
  constructor(
    private readonly config: HttpSinkConfig,
    private readonly context: ClientContext,
    private readonly patienceMillis = PATIENCE_MILLIS,
  ) {
    if (!URL.canParse(config.url) || !/^https?:$/.test(new URL(config.url).protocol)) {
      throw StreamError.declaration(`The sink's url is '${config.url}'; it must be an http:// or https:// address.`);
    }
    const { url, authorizationPath, caPath, timeoutMillis, maxConcurrency } = config;
    this.receiver = new HttpClient({
      url,
      caPath,
      timeoutMillis,
      maxConnections: maxConcurrency,
      maxAnswerBytes: MOST_ANSWER_BYTES,
      readAuthorization:
        authorizationPath === undefined ? undefined : async () => (await readFile(authorizationPath, 'utf8')).trim(),
    });
    this.source = `/streams/${encodeURIComponent(context.consumer)}`;
  }

  async start(): Promise<void> {
    try {
      await this.receiver.refresh();
    } catch (error) {
      throw StreamError.declaration(`A file of the sink ${this.config.url} cannot be read: ${errorMessage(error)}.`, {
        cause: error,
      });
    }
  }

  send(events: readonly ProducedEvent[]): Promise<readonly (RecordRefusal | undefined)[]> {
    const sent = this.last.then(() => this.postAll(events));
    this.last = sent.catch(() => undefined);
    return sent;
  }

  async stop(): Promise<void> {
    await this.last;
    this.receiver.close();
  }

  private async postAll(events: readonly ProducedEvent[]): Promise<readonly (RecordRefusal | undefined)[]> {
    const refusals: (RecordRefusal | undefined)[] = [];
    await this.receiver.refresh().catch(this.context.onRetry); // with what was read before
    await inLanes(lanesOf(events), this.config.maxConcurrency, async (index) => {
      const refusal = await this.post(events[index]);
      if (refusal !== undefined) {
        refusals[index] = refusal;
      }
    });
    return refusals.length === 0 ? [] : Array.from(events, (_, index) => refusals[index]);
  }

  private async post(event: ProducedEvent): Promise<RecordRefusal | undefined> {
    const headers = requestHeaders(event, this.source);
    for (let attempt = 0; ; attempt += 1) {
      if (this.failure !== undefined) {
        throw this.failure;
      }
      try {
        const answer = await this.receiver.send({ method: 'POST', headers, body: event.value });
        const verdict = verdictOf(answer.status);
        if (verdict === 'later' || verdict === 'wrong') {
          throw new NotTakenError(answer, verdict === 'wrong');
        }
        this.wrongSince = undefined;
        return verdict === 'taken' ? undefined : refusalOf(answer);
      } catch (error) {
        this.context.onRetry(error);
        this.checkPatience(error);
        const asked = error instanceof NotTakenError ? error.pauseMillis : undefined;
        await wait(asked ?? exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE));
        await this.receiver.refresh().catch(this.context.onRetry);
      }
    }
  }

  /** @throws StreamError when the receiver has taken nothing from us for too long */
  private checkPatience(error: unknown): void {
    if (!(error instanceof NotTakenError && error.wrong)) {
      return;
    }
    this.wrongSince ??= performance.now();
    if (performance.now() - this.wrongSince >= this.patienceMillis) {
      this.failure = StreamError.declaration(
        `The sink ${this.config.url} takes no events: ${error.message}. Correct its url or authorization.`,
        { cause: error },
      );
      throw this.failure;
    }
  }
}

function refusalOf(answer: HttpAnswer): RecordRefusal {
  return {
    errorClass: 'encode',
    reason: `The receiver refused the event with ${answer.status}${explanationOf(answer)}.`,
  };
}

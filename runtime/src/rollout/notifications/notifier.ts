import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { type NotificationConfig, RUNTIME_VERSION } from '../../contract';
import { errorMessage, type Logger } from '../../telemetry';
import { fetchText } from '../http';
import type { Decision } from '../state';

/** What became of a notification; `dropped` = too many waited. */
export const NOTIFICATION_OUTCOMES = ['sent', 'failed', 'dropped'] as const;

export type NotificationOutcome = (typeof NOTIFICATION_OUTCOMES)[number];

/** Options of {@link Notifier}. */
export interface NotifierOptions {
  readonly rollout: string;
  readonly model: string;
  readonly namespace: string;
  readonly address: NotificationConfig;
  readonly logger: Logger;
  readonly onOutcome: (outcome: NotificationOutcome) => void;

  /** Waits between attempts. @default - by a timer */
  readonly pause?: (millis: number, signal: AbortSignal) => Promise<void>;
}

const ATTEMPTS = 5;
const FIRST_DELAY_MILLIS = 500;
const MOST_DELAY_MILLIS = 30_000;
const REQUEST_MILLIS = 10_000;
const MOST_WAITING = 100;

/** Type of the events; the kind of the decision follows. */
const EVENT_TYPE = 'io.cdk8s-model-serving.rollout';

/**
 * Tells one address of decisions, in their order, each by a structured CloudEvent. Nothing waits for it: what does not fit in the
 * queue is dropped and counted, and what was sent five times without success is given up. An event that arrives twice has the
 * same id.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
export class Notifier {
  private readonly waiting: string[] = [];
  private readonly stopping = new AbortController();
  private sending: Promise<void> | undefined;

  constructor(private readonly options: NotifierOptions) {}

  /** Queues a decision. */
  notify(decision: Decision): void {
    if (this.stopping.signal.aborted || this.waiting.length >= MOST_WAITING) {
      this.options.onOutcome('dropped');
      return;
    }
    this.waiting.push(JSON.stringify(this.eventOf(decision)));
    this.sending ??= this.sendAll().finally(() => {
      this.sending = undefined;
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.sending;
  }

  /** Ends attempts under way; what waits is lost. */
  async close(): Promise<void> {
    this.stopping.abort();
    await this.sending;
  }

  /** Never rejects. */
  private async sendAll(): Promise<void> {
    const { logger, address, onOutcome } = this.options;
    for (let event = this.waiting.shift(); event !== undefined; event = this.waiting.shift()) {
      try {
        await this.send(event);
        onOutcome('sent');
      } catch (error) {
        onOutcome('failed');
        logger.warn({ url: address.url, reason: errorMessage(error) }, 'a notification could not be sent');
      }
    }
  }

  private async send(event: string): Promise<void> {
    const { signal } = this.stopping;
    const { pause = byTimer } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.post(event, signal);
        return;
      } catch (error) {
        if (attempt === ATTEMPTS || signal.aborted) {
          throw error;
        }
      }
      // Not by the room of schedules: it would load the inference engine, which a controller has no memory for.
      const delay = Math.min(MOST_DELAY_MILLIS, FIRST_DELAY_MILLIS * 2 ** (attempt - 1));
      await pause(delay * (0.5 + Math.random() / 2), signal);
    }
  }

  private async post(body: string, signal: AbortSignal): Promise<void> {
    const { url, authorizationPath } = this.options.address;
    const headers: Record<string, string> = { 'Content-Type': 'application/cloudevents+json' };
    if (authorizationPath !== undefined) {
      headers.Authorization = (await readFile(authorizationPath, 'utf8')).trim();
    }
    await fetchText(url, { method: 'POST', headers, body, timeoutMillis: REQUEST_MILLIS, signal });
  }

  private eventOf(decision: Decision): object {
    const { rollout, model, namespace } = this.options;
    return {
      specversion: '1.0',
      id: randomUUID(),
      source: `/namespaces/${namespace}/rollouts/${rollout}`,
      type: `${EVENT_TYPE}.${decision.kind}`,
      subject: model,
      time: decision.time,
      datacontenttype: 'application/json',
      data: { rollout, model, version: RUNTIME_VERSION, ...decision },
    };
  }
}

async function byTimer(millis: number, signal: AbortSignal): Promise<void> {
  await wait(millis, undefined, { signal });
}

import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { isOfStream } from './messages';

/** How long a request for messages stays open at the server, and how often it says that it does. */
const EXPIRES_MILLIS = 30_000;
const HEARTBEAT_MILLIS = 1000;

const NANOS_A_MILLI = 1_000_000;

/** Silent for so long, the server does not know the request any more. */
const SILENCE_MILLIS = 3 * HEARTBEAT_MILLIS;

/** Word of the server: the request is still open. */
const HEARTBEAT = 100;

/** Word of the server: nobody takes requests for messages of this consumer. */
const NOBODY = 503;

/** Options of {@link Pull}. */
export interface PullOptions {
  /** Messages of the stream, as they come. */
  readonly onMessage: (message: Msg) => void;

  /** A request has ended before all its messages came. @param gone whether the consumer seems to be gone */
  readonly onEnd: (gone: boolean) => void;
}

/** Asks a pull consumer for messages: one request at a time, so that no more come than there is room for. */
export class Pull {
  private readonly subscription: Subscription;
  private readonly inbox: string;
  private readonly watch: NodeJS.Timeout;
  private wanted = 0;
  private heard = 0;

  constructor(
    private readonly nats: NatsConnection,
    private readonly subject: string,
    private readonly options: PullOptions,
  ) {
    const { createInbox } = require('@nats-io/transport-node') as typeof import('@nats-io/transport-node');
    this.inbox = createInbox();
    this.subscription = nats.subscribe(this.inbox, {
      callback: (error, message) => (error === null ? this.receive(message) : this.end(false)),
    });
    this.watch = setInterval(() => {
      if (this.open && performance.now() - this.heard > SILENCE_MILLIS) {
        this.end(true);
      }
    }, HEARTBEAT_MILLIS);
    this.watch.unref();
  }

  /** Whether messages are asked for that have not come. */
  get open(): boolean {
    return this.wanted > 0;
  }

  /** Asks for messages. */
  request(count: number): void {
    this.wanted = count;
    this.heard = performance.now();
    const request = {
      batch: count,
      expires: EXPIRES_MILLIS * NANOS_A_MILLI,
      idle_heartbeat: HEARTBEAT_MILLIS * NANOS_A_MILLI,
    };
    this.nats.publish(this.subject, JSON.stringify(request), { reply: this.inbox });
  }

  /** The server may have forgotten the request. */
  forget(): void {
    this.wanted = 0;
  }

  close(): void {
    clearInterval(this.watch);
    this.wanted = 0;
    this.subscription.unsubscribe();
  }

  private receive(message: Msg): void {
    this.heard = performance.now();
    if (isOfStream(message)) {
      this.wanted = Math.max(0, this.wanted - 1);
      this.options.onMessage(message);
    } else if (message.headers?.code !== HEARTBEAT) {
      this.end(message.headers?.code === NOBODY || /deleted/i.test(message.headers?.description ?? ''));
    }
  }

  private end(gone: boolean): void {
    if (this.open) {
      this.wanted = 0;
      this.options.onEnd(gone);
    }
  }
}

import type { JetStreamClient } from '@nats-io/jetstream';
import type { NatsSinkConfig } from '../../contract';
import { errorMessage } from '../../telemetry';
import { type ClientContext, type EventSink, type ProducedEvent, type RecordRefusal, StreamError } from '../event';
import { isStreamAbsent, refusalOfApi } from './faults';
import { writeHeaders } from './headers';
import { NatsServer } from './nats-server';

/** Longest time for the server's answer to one message. */
const ANSWER_MILLIS = 5000;

/** Error of JetStream: the message is larger than its stream takes. */
const LARGER_THAN_STREAM = 10_054;

/** Messages that wait for an answer at a time. */
const UNDER_WAY = 1000;

/**
 * A subject of a stream that is published to. The id of an event is the id of its message, so that the server drops what is sent
 * again within the window of the stream.
 */
export class NatsSink implements EventSink {
  private readonly server: NatsServer;
  private client: JetStreamClient | undefined;
  private last: Promise<unknown> = Promise.resolve();

  /** @param patienceMillis how long a server that refuses what it has allowed is asked again; 60 s by default */
  constructor(
    private readonly config: NatsSinkConfig,
    context: ClientContext,
    patienceMillis?: number,
  ) {
    this.server = new NatsServer({ config, subject: `The subject '${config.subject}'`, context, patienceMillis });
  }

  async start(): Promise<void> {
    const { jetstream } = require('@nats-io/jetstream') as typeof import('@nats-io/jetstream');
    await this.server.start();
    this.client = jetstream(this.server.nats, { timeout: ANSWER_MILLIS });
    await this.server.retry(() => this.findStream(), true);
  }

  /** The server refuses larger messages; headers count, too. */
  get maxValueBytes(): number | undefined {
    return this.client === undefined ? undefined : this.server.nats.info?.max_payload;
  }

  send(events: readonly ProducedEvent[]): Promise<readonly (RecordRefusal | undefined)[]> {
    const sent = this.last.then(() => this.sendAll(events));
    this.last = sent.catch(() => undefined);
    return sent;
  }

  async stop(): Promise<void> {
    await this.last;
    await this.server.close();
  }

  private async sendAll(events: readonly ProducedEvent[]): Promise<readonly (RecordRefusal | undefined)[]> {
    const refusals = new Map<number, RecordRefusal>();
    let from = 0;
    await this.server.retry(async () => {
      while (from < events.length) {
        const results = await Promise.allSettled(
          events.slice(from, from + UNDER_WAY).map((event) => this.publish(event)),
        );
        for (const result of results) {
          const refusal = result.status === 'fulfilled' ? result.value : refusalOf(result.reason);
          if (refusal !== undefined) {
            refusals.set(from, refusal);
          } else if (result.status === 'rejected') {
            // Those behind it are sent again as well, so that order stays; what is there already is dropped by its id.
            throw result.reason;
          }
          from += 1;
        }
      }
    });
    return refusals.size === 0 ? [] : events.map((_, index) => refusals.get(index));
  }

  private async publish(event: ProducedEvent): Promise<RecordRefusal | undefined> {
    const headers = writeHeaders(event);
    const most = this.server.nats.info?.max_payload ?? Number.POSITIVE_INFINITY;
    const bytes = event.value.length + headersSize(headers, event.id);
    if (bytes > most) {
      return tooLarge(`the message has ${bytes} bytes with its headers, and the server takes ${most} (max_payload)`);
    }
    await this.client?.publish(this.config.subject, event.value, { msgID: event.id, headers, retries: 1 });
    return undefined;
  }

  private async findStream(): Promise<void> {
    const { subject } = this.config;
    const names = await this.server.manager.streams
      .names(subject)
      .next()
      .catch((error: unknown) => {
        if (isStreamAbsent(error)) {
          return [];
        }
        throw error;
      });
    if (names.length === 0) {
      throw StreamError.declaration(
        `No stream of NATS at ${this.config.servers} holds the subject '${subject}', so nothing would be kept. ` +
          `Make one (nats stream add --subjects '${subject}'), or correct subject.`,
      );
    }
  }
}

/** What the server will never take; undefined = it may, later. */
function refusalOf(error: unknown): RecordRefusal | undefined {
  const { errors } = require('@nats-io/transport-node') as typeof import('@nats-io/transport-node');
  if (refusalOfApi(error)?.code === LARGER_THAN_STREAM) {
    return tooLarge('the message is larger than its stream takes (max_msg_size)');
  }
  if (error instanceof errors.InvalidArgumentError) {
    return { errorClass: 'encode', reason: `the message cannot be sent: ${errorMessage(error)}.` };
  }
  return undefined;
}

function tooLarge(reason: string): RecordRefusal {
  return { errorClass: 'encode', reason: `${reason}.` };
}

/** Size of headers on the wire, with the id that is one of them. */
function headersSize(headers: { toString(): string }, id: string): number {
  return Buffer.byteLength(headers.toString()) + 'Nats-Msg-Id: \r\nNATS/1.0\r\n\r\n'.length + Buffer.byteLength(id);
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { MicroBatchingConfig, NatsSourceConfig } from '../../contract';
import { errorMessage } from '../../telemetry';
import { Arrivals, retrySize } from '../arrivals';
import type { ConsumedEvent, EventSource, SourceContext } from '../event';
import { DurableConsumer } from './durable-consumer';
import { isUnanswered } from './faults';
import { ANSWERS, eventOf, replyOf, sequenceOf } from './messages';
import { NatsServer } from './nats-server';
import { Pull } from './pull';

/** Within the time after which messages are delivered again, it is said so often that they are worked on. */
const KEEPS = 3;

/** Longest time for the answer to an acknowledgement, and for what is still to be said when the source stops. */
const ANSWER_MILLIS = 5000;
const LEAVE_MILLIS = 2000;

/** Pause after a request that nobody took, in milliseconds. */
const AGAIN_MILLIS = 250;

/**
 * A stream of JetStream, read by a durable pull consumer that replicas share. Messages are acknowledged one by one; while this
 * process works on them it says so, so that they are not delivered to others because a sink is slow.
 */
export class NatsSource implements EventSource {
  /** There are no partitions. */
  readonly assigned = undefined;

  private readonly server: NatsServer;
  private readonly consumer: DurableConsumer;
  private readonly arrivals = new Arrivals();

  /** Where answers go to messages that are not settled: since when the server knows that they are worked on. */
  private readonly held = new Map<string, number>();

  /** Redelivered messages that were not handed on, by sequence number. */
  private again: ConsumedEvent[] = [];
  private countedOut = false;
  private pull: Pull | undefined;
  private limits: MicroBatchingConfig | undefined;
  private restoring = false;
  private stopped = false;
  private keeping: NodeJS.Timeout | undefined;

  /** @param patienceMillis how long a server that refuses what it has allowed is asked again; 60 s by default */
  constructor(
    private readonly config: NatsSourceConfig,
    private readonly context: SourceContext,
    patienceMillis?: number,
  ) {
    this.server = new NatsServer({ config, subject: `The stream '${config.stream}'`, context, patienceMillis });
    this.consumer = new DurableConsumer(config, this.server, context.logger);
  }

  async start(): Promise<void> {
    await this.server.start();
    await this.consumer.join();
    const { stream, consumer, ackWaitMillis } = this.config;
    const { prefix } = this.server.manager.getOptions() as { readonly prefix?: string };
    const subject = `${prefix ?? '$JS.API'}.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    this.pull = new Pull(this.server.nats, subject, {
      onMessage: (message) => this.receive(eventOf(message, stream)),
      onEnd: (gone) => (gone ? void this.restore() : this.arrivals.changed()),
    });
    this.server.onConnected(() => {
      this.pull?.forget();
      this.arrivals.changed();
    });
    this.keeping = setInterval(() => this.keep(), ackWaitMillis / KEEPS);
    this.keeping.unref();
  }

  next(limits: MicroBatchingConfig, signal: AbortSignal): Promise<ConsumedEvent[]> {
    this.limits = limits;
    this.retry(limits);
    return this.arrivals.next(limits, signal, () => this.fetch(limits));
  }

  async acknowledge(events: readonly ConsumedEvent[]): Promise<void> {
    const last = events.at(-1);
    if (last !== undefined) {
      await this.server.retry(async () => {
        const { nats } = this.server;
        for (const event of events) {
          if (event !== last) {
            nats.publish(replyOf(event), ANSWERS.done);
          }
        }
        // The server takes them in order: its answer to the last one is one to all.
        await nats.request(replyOf(last), ANSWERS.done, { timeout: ANSWER_MILLIS }).catch(async (error: unknown) => {
          if (!isUnanswered(error) || (await this.consumer.find()) !== undefined) {
            throw error;
          }
          // The consumer was removed, and with it what could be acknowledged.
        });
      });
    }
    for (const event of events) {
      this.held.delete(replyOf(event));
    }
    this.arrivals.settled(events);
  }

  pause(): void {
    this.arrivals.pause();
  }

  resume(): void {
    this.arrivals.resume();
  }

  async lag(): Promise<ReadonlyMap<number, number>> {
    const info = await this.consumer.find();
    return new Map([[0, info === undefined ? 0 : info.num_pending + info.num_ack_pending]]);
  }

  get lastPoll(): number {
    return this.arrivals.lastPoll;
  }

  async stop(): Promise<void> {
    if (this.stopped) {
      return;
    }
    this.stopped = true;
    clearInterval(this.keeping);
    if (this.pull !== undefined) {
      this.pull.close();
      await Promise.race([this.giveBack(), sleep(LEAVE_MILLIS, undefined, { ref: false })]);
    }
    await this.server.close();
  }

  private fetch(limits: MicroBatchingConfig): void {
    this.retry(limits);
    const room = this.arrivals.room(limits);
    if (this.pull !== undefined && !this.pull.open && !this.restoring && room > 0 && !this.arrivals.retrying) {
      this.pull.request(room);
    }
  }

  private receive(event: ConsumedEvent): void {
    this.held.set(replyOf(event), performance.now());
    if ((event.deliveries ?? 1) > 1) {
      this.again.push(event);
      this.arrivals.changed();
    } else {
      this.arrivals.add([event]);
    }
    if (this.limits !== undefined && this.again.length === 0) {
      this.fetch(this.limits);
    }
  }

  /** Puts redelivered messages together that may be tried together. */
  private retry({ maxRows }: MicroBatchingConfig): void {
    if (this.again.length === 0 || this.arrivals.retrying) {
      return;
    }
    this.again.sort((one, other) => sequenceOf(one) - sequenceOf(other));
    const { maxDeliveries } = this.config;
    const worst = Math.max(...this.again.map(({ deliveries = 1 }) => deliveries));
    const group = this.again.splice(0, retrySize(worst, maxDeliveries, maxRows));
    this.arrivals.addAgain(worst > maxDeliveries ? group.map((event) => this.countOut(event)) : group);
  }

  /**
   * The server counts deliveries, not tries: what was in the hands of a process that died counts for all that it held. They are
   * tried alone and in order, so the first is the one that it died of, and those behind it get another try.
   */
  private countOut(event: ConsumedEvent): ConsumedEvent {
    const { maxDeliveries } = this.config;
    if ((event.deliveries ?? 1) <= maxDeliveries || !this.countedOut) {
      this.countedOut ||= (event.deliveries ?? 1) > maxDeliveries;
      return event;
    }
    return { ...event, deliveries: maxDeliveries };
  }

  private async restore(): Promise<void> {
    if (this.restoring || this.stopped) {
      return;
    }
    this.restoring = true;
    try {
      await this.server.retry(() => this.consumer.restore());
      await sleep(AGAIN_MILLIS, undefined, { ref: false });
    } catch (error) {
      this.arrivals.fail(error);
    } finally {
      this.restoring = false;
      this.arrivals.changed();
    }
  }

  /** Says of messages that have been held for a while that they are worked on. */
  private keep(): void {
    const now = performance.now();
    const old = now - this.config.ackWaitMillis / KEEPS / 2;
    for (const [reply, since] of this.held) {
      if (since < old) {
        this.answer(reply, ANSWERS.working);
        this.held.set(reply, now);
      }
    }
  }

  /** Messages that were not handed on are for others, at once. */
  private async giveBack(): Promise<void> {
    for (const event of [...this.arrivals.waiting, ...this.again]) {
      this.answer(replyOf(event), ANSWERS.again);
    }
    await this.server.nats.flush().catch((error: unknown) => {
      this.context.logger.debug({ reason: errorMessage(error) }, 'messages could not be given back');
    });
  }

  private answer(reply: string, answer: string): void {
    try {
      this.server.nats.publish(reply, answer);
    } catch (error) {
      this.context.logger.debug({ reason: errorMessage(error) }, 'the server cannot be told of a message');
    }
  }
}

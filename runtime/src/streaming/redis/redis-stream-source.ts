import type { MicroBatchingConfig, RedisStreamSourceConfig } from '../../contract';
import { errorMessage } from '../../telemetry';
import { Arrivals } from '../arrivals';
import type { ConsumedEvent, EventSource, SourceContext } from '../event';
import { ConsumerGroup } from './consumer-group';
import { EntryReader, idOf, type RawEntry } from './entries';
import { Redeliveries } from './redeliveries';
import { StreamRedis } from './stream-redis';

/** Within the time after which entries are taken over, it is said so often that they are worked on. */
const KEEPS = 3;

/** Longest time that leaving the group may take. */
const LEAVE_MILLIS = 2000;

/**
 * A stream that is read as a consumer of a group, named as the pod. Entries stay pending until they are acknowledged; while this
 * process works on them it says so, so that no other takes them over because a sink is slow.
 */
export class RedisStreamSource implements EventSource {
  /** There are no partitions. */
  readonly assigned = undefined;

  /** The connection on which entries are acknowledged. */
  readonly connection: StreamRedis;

  private readonly reading: StreamRedis;
  private readonly group: ConsumerGroup;
  private readonly entries: EntryReader;
  private readonly redeliveries: Redeliveries;
  private readonly arrivals = new Arrivals();

  /** Entries that were read and are not settled: since when the server knows that they are worked on. */
  private readonly held = new Map<string, number>();
  private underWay: Promise<void> | undefined;
  private stopped = false;
  private keeping: NodeJS.Timeout | undefined;

  /** @param patienceMillis how long a server that refuses what it has allowed is asked again; 60 s by default */
  constructor(
    readonly config: RedisStreamSourceConfig,
    private readonly context: SourceContext,
    patienceMillis?: number,
  ) {
    const subject = `The stream '${config.stream}'`;
    this.reading = new StreamRedis({ connection: config, role: 'source', subject, context, patienceMillis });
    this.connection = new StreamRedis({ connection: config, role: 'source', subject, context, patienceMillis });
    this.group = new ConsumerGroup(config, context.member, this.reading, this.connection, context.logger);
    this.entries = new EntryReader(config.stream, config);
    this.redeliveries = new Redeliveries({
      ...config,
      group: this.group,
      reader: this.entries,
      isHeld: (id) => this.held.has(id),
      logger: context.logger,
    });
  }

  async start(): Promise<void> {
    await Promise.all([this.reading.start(), this.connection.start()]);
    await this.group.join();
    await this.group.removeGone().catch((error: unknown) => {
      this.context.logger.debug({ reason: errorMessage(error) }, 'consumers that are gone cannot be removed');
    });
    this.keeping = setInterval(() => void this.keep(), this.config.claimIdleMillis / KEEPS);
    this.keeping.unref();
  }

  next(limits: MicroBatchingConfig, signal: AbortSignal): Promise<ConsumedEvent[]> {
    return this.arrivals.next(limits, signal, () => {
      this.underWay ??= this.read(limits).finally(() => {
        this.underWay = undefined;
        this.arrivals.changed();
      });
    });
  }

  async acknowledge(events: readonly ConsumedEvent[]): Promise<void> {
    await this.group.acknowledge(events.map(idOf));
    this.settled(events);
  }

  /** Makes the group again that the server does not know any more. */
  restoreGroup(): Promise<void> {
    return this.group.restore();
  }

  /** Entries are acknowledged, by whatever way. */
  settled(events: readonly ConsumedEvent[]): void {
    for (const event of events) {
      this.held.delete(idOf(event));
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
    return new Map([[0, await this.group.lag()]]);
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
    // What a reading still gets belongs to this consumer, and is given back with the rest.
    await Promise.race([this.underWay, delay(LEAVE_MILLIS)]);
    const untried = this.arrivals.waiting.map((event) => ({
      id: idOf(event),
      deliveries: (event.deliveries ?? 1) - 1,
    }));
    await Promise.race([this.group.leave(untried), delay(LEAVE_MILLIS)]).catch((error: unknown) => {
      this.context.logger.warn({ reason: errorMessage(error) }, 'the group could not be left');
    });
    this.reading.close();
    this.connection.close();
  }

  /** Reads redelivered entries, else fresh ones. Never rejects. */
  private async read(limits: MicroBatchingConfig): Promise<void> {
    try {
      if (!this.arrivals.retrying) {
        const events = this.hold(await this.redeliveries.next(limits.maxRows));
        this.arrivals.addAgain(events.filter(isRedelivered));
        this.arrivals.add(events.filter((event) => !isRedelivered(event)));
      }
      const room = this.arrivals.room(limits);
      if (!this.arrivals.retrying && room > 0) {
        const entries = await this.group.read(room, () => this.redeliveries.lookAtOwn());
        this.arrivals.add(this.hold(this.eventsOf(entries)));
      }
    } catch (error) {
      this.arrivals.fail(error);
    }
  }

  private eventsOf(entries: readonly RawEntry[]): ConsumedEvent[] {
    const events: ConsumedEvent[] = [];
    for (const [id, fields] of entries) {
      if (fields !== null) {
        events.push(this.entries.read(id.toString(), fields, 1));
      }
    }
    return events;
  }

  private hold(events: ConsumedEvent[]): ConsumedEvent[] {
    const now = performance.now();
    for (const event of events) {
      this.held.set(idOf(event), now);
    }
    return events;
  }

  /** Says of entries that have been held for a while that they are worked on. Never rejects. */
  private async keep(): Promise<void> {
    const now = performance.now();
    const old = now - this.config.claimIdleMillis / KEEPS / 2;
    const ids = [...this.held].filter(([, since]) => since < old).map(([id]) => id);
    if (ids.length === 0) {
      return;
    }
    try {
      await this.group.keep(ids);
      for (const id of ids) {
        if (this.held.has(id)) {
          this.held.set(id, now);
        }
      }
    } catch (error) {
      this.context.logger.debug({ reason: errorMessage(error) }, 'the server cannot be told what is worked on');
    }
  }
}

/** Entries that were given back untried count as not delivered. */
function isRedelivered({ deliveries = 1 }: ConsumedEvent): boolean {
  return deliveries > 1;
}

function delay(millis: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, millis).unref();
  });
}

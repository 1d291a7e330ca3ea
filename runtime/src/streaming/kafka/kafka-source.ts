import { setTimeout as wait } from 'node:timers/promises';
import type { RdKafka } from '@confluentinc/kafka-javascript';
import type { KafkaSourceConfig, MicroBatchingConfig } from '../../contract';
import { errorMessage } from '../../telemetry';
import type { ConsumedEvent, EventSource, RevokeHandler, SourceContext } from '../event';
import { Assignment, type PartitionOffset, type PartitionStart } from './assignment';
import { checkTopic } from './check-topic';
import { clusterName, connectionProperties } from './cluster';
import { declarationError, isDeclarationFault } from './faults';
import { KafkaEvent } from './kafka-event';
import { called, codeOf, KAFKA_CODES, loadLibrary, nativeError } from './library';
import { OffsetCommitter } from './offset-committer';

/** `next` comes back after so long without any event. */
const WAIT_MILLIS = 1000;

/** Longest time of one look that waits: so soon is a stop seen. */
const LOOK_MILLIS = 100;

/** A source that nobody asks is polled so often, so that rebalances and answers to commits are seen. */
const KEEP_ALIVE_MILLIS = 50;

/** How long a fault of the declaration may last before it ends the process: it may be in the middle of being put right. */
const PATIENCE_MILLIS = 60_000;

/** Longest time that events in flight get when their partitions are given away. */
const REVOKE_MILLIS = 30_000;
const LEAVE_MILLIS = 10_000;
const ASK_MILLIS = 5000;

/** Bounds of what the client fetches ahead. */
const FETCHED_KBYTES = 32 * 1024;
const FETCHED_EVENTS = 20_000;

/** The native part of a consumer. */
interface NativeConsumer {
  /** @param onlyFirst whether only the first event is waited for */
  consume(
    timeoutMillis: number,
    most: number,
    onlyFirst: boolean,
    done: (error: unknown, messages?: RdKafka.Message[]) => void,
  ): void;
}

/** What the types of the library lack. */
interface Consumer extends RdKafka.KafkaConsumer {
  incrementalAssign(partitions: RdKafka.Assignment[]): this;
  incrementalUnassign(partitions: RdKafka.Assignment[]): this;
  assignmentLost(): boolean;
  rebalanceProtocol(): 'NONE' | 'COOPERATIVE' | 'EAGER';
  getClient(): NativeConsumer;
}

/**
 * A topic that is read as a member of a consumer group. Offsets are committed when events are acknowledged, and at no other
 * time; events of partitions that are given away are finished before that.
 */
export class KafkaSource implements EventSource {
  readonly assignment: Assignment;
  lastPoll = performance.now();

  private client: Consumer | undefined;
  private committer: OffsetCommitter | undefined;
  private revoking: RevokeHandler = () => Promise.resolve();
  private rebalances: Promise<void> = Promise.resolve();
  private looking: Promise<void> | undefined;

  /** What must not see another assignment than it began with. */
  private fixed: Promise<unknown> = Promise.resolve();
  private keeping: NodeJS.Timeout | undefined;

  /** Events that were read and not handed on. */
  private held: KafkaEvent[] = [];
  private paused = false;
  private joined = false;
  private stopped = false;
  private wrong: { readonly error: unknown; readonly since: number } | undefined;
  private failure: unknown;

  constructor(
    readonly config: KafkaSourceConfig,
    private readonly context: SourceContext,
  ) {
    this.assignment = new Assignment(config.topic);
  }

  /** The client of the library, whose membership transactions commit offsets for. */
  get consumer(): RdKafka.KafkaConsumer {
    if (this.client === undefined) {
      throw new Error('The source is not started.');
    }
    return this.client;
  }

  get assigned(): number | undefined {
    const joined = this.joined || this.client?.rebalanceProtocol() !== 'NONE';
    return this.client !== undefined && joined ? this.assignment.size : undefined;
  }

  async start(): Promise<void> {
    const { config, context } = this;
    await checkTopic(config, config.topic, context);
    const { KafkaConsumer } = loadLibrary();
    const properties = {
      ...connectionProperties(config, context.consumer),
      ...this.properties(),
      rebalance_cb: this.onRebalance,
      offset_commit_cb: (error: unknown) => this.committer?.onAnswer(error),
    };
    const client = new KafkaConsumer(properties as unknown as RdKafka.ConsumerGlobalConfig, {
      'auto.offset.reset': config.startAt === 'latest' ? 'latest' : 'earliest',
    }) as Consumer;
    client.on('event.error', this.onError);
    client.on('event.log', (entry) => context.logger.debug({ entry }, 'Kafka client'));
    await called((done) => client.connect({ topic: config.topic, timeout: ASK_MILLIS }, done));
    this.client = client;
    this.committer = new OffsetCommitter(
      { commit: (offsets) => client.commit([...offsets]) },
      this.assignment,
      context.onRetry,
    );
    client.subscribe([config.topic]);
    this.keeping = setInterval(this.keepAlive, KEEP_ALIVE_MILLIS);
    this.keeping.unref();
  }

  async next(limits: MicroBatchingConfig, signal: AbortSignal): Promise<ConsumedEvent[]> {
    const { maxRows, maxDelayMillis } = limits;
    const deadline = performance.now() + WAIT_MILLIS;
    for (;;) {
      this.check();
      this.lastPoll = performance.now();
      await this.look(maxRows - this.held.length, 0);
      if (this.held.length === 0 && !signal.aborted) {
        await this.look(1, LOOK_MILLIS);
        await this.look(maxRows - this.held.length, 0);
      }
      if (this.held.length > 0 && maxDelayMillis > 0) {
        await this.fill(limits, signal);
      }
      const events = this.take(limits);
      if (events.length > 0 || signal.aborted || performance.now() >= deadline) {
        this.lastPoll = performance.now();
        return events;
      }
    }
  }

  /**
   * Offsets are committed in the background, the newest with each request: who waited for each answer would wait for the poll that
   * brings it. They are committed before partitions are given away, and at the end.
   */
  async acknowledge(events: readonly ConsumedEvent[]): Promise<void> {
    for (const event of events) {
      this.assignment.done(event as KafkaEvent);
    }
    void this.committer?.commit();
  }

  /**
   * Holds changes of the assignment up while something goes on that names the membership of the group: after one, another membership
   * would vouch for partitions that it does not have.
   */
  whileAssigned<T>(work: () => Promise<T>): Promise<T> {
    const working = work();
    this.fixed = working.catch(() => undefined);
    return working;
  }

  /** Transactions have committed what was done. */
  committed(offsets: readonly PartitionOffset[]): void {
    this.assignment.committed(offsets);
  }

  pause(): void {
    if (!this.paused) {
      this.paused = true;
      this.quietly(() => this.client?.pause(this.list(this.assignment.numbers)));
    }
  }

  resume(): void {
    if (this.paused) {
      this.paused = false;
      this.quietly(() => this.client?.resume(this.list(this.assignment.numbers)));
    }
  }

  onRevoke(handler: RevokeHandler): void {
    this.revoking = handler;
  }

  async lag(): Promise<ReadonlyMap<number, number>> {
    const lag = new Map<number, number>();
    for (const partition of this.assignment.numbers) {
      this.quietly(() => {
        const next = this.assignment.nextOf(partition);
        const high = this.client?.getWatermarkOffsets(this.config.topic, partition).highOffset ?? -1;
        if (next !== undefined && high >= 0) {
          lag.set(partition, Math.max(0, high - next));
        }
      });
    }
    return lag;
  }

  async stop(): Promise<void> {
    const { client } = this;
    if (client === undefined || this.stopped) {
      return;
    }
    // The revocation that follows is answered as any other; it comes while the client is polled.
    const deadline = performance.now() + LEAVE_MILLIS;
    this.quietly(() => client.unsubscribe());
    while (this.assignment.size > 0 && performance.now() < deadline) {
      await this.look(1, LOOK_MILLIS).catch(() => undefined);
      await this.rebalances;
    }
    this.stopped = true;
    clearInterval(this.keeping);
    this.committer?.stop();
    await this.looking;
    await Promise.race([called((done) => client.disconnect(done)), wait(LEAVE_MILLIS, undefined, { ref: false })]);
  }

  private properties(): Record<string, string | number | boolean> {
    const { group, staticMembership, sessionTimeoutMillis, maxPollIntervalMillis } = this.config;
    return {
      'group.id': group,
      ...(staticMembership ? { 'group.instance.id': this.context.member } : {}),
      'session.timeout.ms': sessionTimeoutMillis,
      'heartbeat.interval.ms': Math.max(1, Math.min(3000, Math.floor(sessionTimeoutMillis / 3))),
      'max.poll.interval.ms': maxPollIntervalMillis,
      'partition.assignment.strategy': 'cooperative-sticky',
      'enable.auto.commit': false,
      'enable.auto.offset.store': false,
      'isolation.level': 'read_committed',
      'queued.min.messages': FETCHED_EVENTS,
      'queued.max.messages.kbytes': FETCHED_KBYTES,
      'fetch.max.bytes': (FETCHED_KBYTES * 1024) / 2,
      // A full queue is looked at again soon: the default of a second would be the speed limit.
      'fetch.queue.backoff.ms': 5,
      'fetch.wait.max.ms': 100,
    };
  }

  /** Reads so many events at most; waits for the first one. One look at a time. */
  private async look(most: number, timeoutMillis: number): Promise<void> {
    while (this.looking !== undefined) {
      await this.looking;
    }
    const { client } = this;
    if (client === undefined || this.stopped || most < 1) {
      return;
    }
    this.looking = this.lookOnce(client, most, timeoutMillis).finally(() => {
      this.looking = undefined;
    });
    await this.looking;
  }

  private async lookOnce(client: Consumer, most: number, timeoutMillis: number): Promise<void> {
    try {
      // The native method itself: the one around it tells listeners, of which there are none, of every event.
      const messages = await called<RdKafka.Message[]>((done) =>
        client.getClient().consume(timeoutMillis, most, true, done),
      );
      for (const message of messages) {
        const epoch = this.assignment.epochOf(message.partition);
        if (epoch !== undefined) {
          this.held.push(new KafkaEvent(message, epoch));
        }
      }
      if (messages.length > 0) {
        this.wrong = undefined;
      }
    } catch (error) {
      this.onError(nativeError(error));
      await wait(LOOK_MILLIS);
    }
  }

  /** Waits until the batch is full or its time is over. */
  private async fill({ maxRows, maxDelayMillis }: MicroBatchingConfig, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + maxDelayMillis;
    while (this.held.length < maxRows && !signal.aborted) {
      const millis = deadline - performance.now();
      if (millis <= 0) {
        return;
      }
      await wait(Math.min(millis, Math.max(1, maxDelayMillis / 8)));
      await this.look(maxRows - this.held.length, 0);
    }
  }

  /** The first of the held events, as many as fit; what belongs to others by now is dropped. */
  private take({ maxRows, maxBytes }: MicroBatchingConfig): KafkaEvent[] {
    const { held } = this;
    let bytes = 0;
    let end = 0;
    while (end < held.length && end < maxRows) {
      bytes += held[end].value?.length ?? 0;
      if (bytes > maxBytes && end > 0) {
        break;
      }
      end += 1;
    }
    const taken = end === held.length ? held : held.slice(0, end);
    this.held = end === held.length ? [] : held.slice(end);
    return taken.every((event) => this.isHandedOn(event)) ? taken : taken.filter((event) => this.isHandedOn(event));
  }

  private isHandedOn({ partition, epoch }: KafkaEvent): boolean {
    return this.assignment.epochOf(partition) === epoch;
  }

  private readonly keepAlive = (): void => {
    if (this.looking !== undefined || this.stopped) {
      return;
    }
    if (this.paused) {
      this.lastPoll = performance.now();
    }
    void this.look(1, 0);
  };

  private readonly onRebalance = (error: unknown, partitions: RdKafka.Assignment[]): void => {
    this.rebalances = this.rebalances
      .then(() => this.rebalance(codeOf(error), partitions))
      .catch((fault: unknown) => {
        this.failure ??= fault;
      });
  };

  private async rebalance(code: number, partitions: RdKafka.Assignment[]): Promise<void> {
    const { client, assignment, context } = this;
    if (client === undefined) {
      return;
    }
    const numbers = partitions.map(({ partition }) => partition);
    const cooperative = client.rebalanceProtocol() === 'COOPERATIVE';
    this.joined = true;
    context.onRebalance();
    if (code === KAFKA_CODES.assign) {
      const starts = await this.startsOf(partitions);
      assignment.add(numbers, starts);
      if ([...starts.values()].some(({ committed }) => !committed)) {
        // Before any other commit of these partitions: it must not come after one of a transaction.
        await Promise.race([this.committer?.commit(), wait(LEAVE_MILLIS, undefined, { ref: false })]);
      }
      const list = partitions.map((each) => {
        const start = starts.get(each.partition);
        return {
          topic: each.topic,
          partition: each.partition,
          ...(start === undefined ? {} : { offset: start.offset }),
        };
      });
      this.quietly(() => (cooperative ? client.incrementalAssign(list) : client.assign(list)));
      // One that was paused when it was lost is paused still.
      this.quietly(() => (this.paused ? client.pause(this.list(numbers)) : client.resume(this.list(numbers))));
      context.logger.info({ partitions: numbers, assigned: assignment.size }, 'partitions assigned');
      return;
    }
    const lost = client.assignmentLost();
    assignment.leave(numbers);
    if (!lost && numbers.length > 0) {
      const most = Math.min(REVOKE_MILLIS, this.config.maxPollIntervalMillis / 2);
      const finished = this.revoking(numbers).then(() => this.committer?.commit());
      await Promise.race([finished, wait(most, undefined, { ref: false })]);
    }
    await Promise.race([this.fixed, wait(LEAVE_MILLIS, undefined, { ref: false })]);
    assignment.remove(numbers);
    this.quietly(() => (cooperative ? client.incrementalUnassign(partitions) : client.unassign()));
    context.logger.info({ partitions: numbers, assigned: assignment.size, lost }, 'partitions given away');
  }

  /**
   * Where partitions begin that nobody has committed an offset of; it is committed at once. Otherwise what comes between the
   * first start at `latest` and the first commit would be passed over by the next start, and autoscalers would see no lag.
   */
  private async startsOf(partitions: RdKafka.Assignment[]): Promise<ReadonlyMap<number, PartitionStart>> {
    const starts = new Map<number, PartitionStart>();
    const { client, config, context } = this;
    if (client === undefined || partitions.length === 0) {
      return starts;
    }
    try {
      const list = partitions.map(({ topic, partition }) => ({ topic, partition }));
      const known = await called<PartitionOffset[]>((done) => client.committed(list, ASK_MILLIS, done));
      for (const { topic, partition, offset } of known) {
        if (typeof offset === 'number' && offset >= 0) {
          starts.set(partition, { offset, committed: true });
        } else {
          const { lowOffset, highOffset } = await called<RdKafka.WatermarkOffsets>((done) =>
            client.queryWatermarkOffsets(topic, partition, ASK_MILLIS, done),
          );
          starts.set(partition, { offset: config.startAt === 'latest' ? highOffset : lowOffset, committed: false });
        }
      }
    } catch (error) {
      context.logger.debug({ reason: errorMessage(error) }, 'offsets of new partitions are not known');
    }
    return starts;
  }

  private readonly onError = (error: unknown): void => {
    const { context, config } = this;
    const code = codeOf(error);
    if (code === KAFKA_CODES.pollExceeded) {
      context.logger.warn(
        { reason: errorMessage(error) },
        'the source was not asked for too long, and lost its partitions',
      );
      return;
    }
    if (code === KAFKA_CODES.fatal || code === KAFKA_CODES.fencedInstance) {
      this.failure ??= new Error(`The member of the group '${config.group}' cannot go on: ${errorMessage(error)}.`, {
        cause: error,
      });
      return;
    }
    if (isDeclarationFault(error)) {
      this.wrong ??= { error, since: performance.now() };
    }
    context.onRetry(error);
    context.logger.debug({ reason: errorMessage(error), code }, 'Kafka source: a fault that may pass');
  };

  /** @throws what ends the source */
  private check(): void {
    if (this.failure !== undefined) {
      throw this.failure;
    }
    const { wrong, config } = this;
    if (wrong !== undefined && performance.now() - wrong.since >= PATIENCE_MILLIS) {
      throw declarationError(`The topic '${config.topic}' (group '${config.group}')`, clusterName(config), wrong.error);
    }
  }

  private list(partitions: readonly number[]): RdKafka.TopicPartition[] {
    return partitions.map((partition) => ({ topic: this.config.topic, partition }));
  }

  /** Calls on a client that may be closing, or on partitions that may have gone. */
  private quietly(call: () => unknown): void {
    try {
      call();
    } catch (error) {
      this.context.logger.debug({ reason: errorMessage(error) }, 'Kafka source: a call was too late');
    }
  }
}

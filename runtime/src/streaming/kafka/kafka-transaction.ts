import { setTimeout as wait } from 'node:timers/promises';
import type { KafkaSinkConfig } from '../../contract';
import { exponentialDelay } from '../../scheduling';
import { errorMessage } from '../../telemetry';
import {
  type ClientContext,
  type DeliveredBatch,
  type Delivery,
  type ProducedEvent,
  type RefusedOutput,
  StreamError,
} from '../event';
import type { PartitionOffset } from './assignment';
import { checkTopic } from './check-topic';
import { clusterName } from './cluster';
import { declarationError, isDeclarationFault } from './faults';
import { GroupWriter } from './group-writer';
import type { KafkaEvent } from './kafka-event';
import type { KafkaSource } from './kafka-source';
import { called, type KafkaError } from './library';
import { closeProducer, openProducer } from './producer';
import type { FailedRecord, OutgoingRecord, RecordWriter } from './record-writer';
import { isRefusal, refusalOf } from './refusal';

const FIRST_PAUSE = 50;
const MOST_PAUSE = 2000;
const PATIENCE_MILLIS = 60_000;

/**
 * The brokers abort a transaction that is open for so long. Until then whoever takes over the partitions of a process that hangs
 * has to wait, because their offsets are not decided.
 */
const TRANSACTION_MILLIS = 20_000;
const CALL_MILLIS = 10_000;
const INIT_MILLIS = 30_000;

/** A micro-batch on its way. */
interface Delivering {
  readonly batch: DeliveredBatch;
  readonly refused: RefusedOutput;

  /** Dead letters of outputs that were refused. */
  readonly refusals: Map<ProducedEvent, ProducedEvent>;
}

/** A record, and the output that it is of; dead letters are refused by nobody. */
interface OwnedRecord extends OutgoingRecord {
  readonly owner: Delivering;
  readonly isOutput: boolean;
}

/** What a transaction is about. */
interface Transaction {
  readonly events: readonly KafkaEvent[];
  readonly offsets: readonly PartitionOffset[];
  readonly records: readonly OwnedRecord[];
}

/** What was written cannot be committed as it is: the next attempt writes something else. */
class AbortError extends Error {
  override readonly name = 'AbortError';
}

/** Points of a transaction, in their order, for those who watch it. */
export type TransactionPoint = 'begun' | 'written' | 'offsets' | 'committed';

/** Learns of a point, and holds the transaction up until it resolves. */
export type TransactionWatch = (point: TransactionPoint) => Promise<void> | void;

/**
 * Outputs, dead letters and offsets in one transaction: each event has its effect once, for readers of what is committed. Micro-batches that
 * come while a transaction is being committed share the next one.
 *
 * The transactional id is static, so that who comes after a process that died ends its transaction first. When it is not known
 * how a transaction ended, the producer is made again, which ends it, and the committed offsets tell.
 */
export class KafkaTransaction implements Delivery {
  private writer: RecordWriter | undefined;
  private readonly groups = new GroupWriter<Delivering, number>((group) => this.deliverGroup(group));
  private wrongSince: number | undefined;

  /**
   * @param watch learns of the points of each transaction, and holds it up until it resolves
   */
  constructor(
    private readonly source: KafkaSource,
    private readonly outputs: KafkaSinkConfig | undefined,
    private readonly deadLetters: KafkaSinkConfig | undefined,
    private readonly context: ClientContext,
    private readonly watch?: TransactionWatch,
  ) {}

  async start(): Promise<void> {
    for (const sink of [this.outputs, this.deadLetters]) {
      if (sink !== undefined) {
        await checkTopic(sink, sink.topic, this.context);
      }
    }
    this.writer = await this.open();
  }

  deliver(batch: DeliveredBatch, refused: RefusedOutput): Promise<number> {
    return this.groups.add({ batch, refused, refusals: new Map() });
  }

  async stop(): Promise<void> {
    await this.groups.idle();
    if (this.writer !== undefined) {
      await closeProducer(this.writer);
    }
  }

  private async deliverGroup(group: readonly Delivering[]): Promise<number[]> {
    const alone = new Set<ProducedEvent>();
    const events = group.flatMap(({ batch }) => batch.events as readonly KafkaEvent[]);
    for (let attempt = 0; ; attempt += 1) {
      this.writer ??= await this.open();
      // In one go: what belongs to others by now, who will score it, is neither written nor committed.
      const offsets = this.source.assignment.offsetsAfter(events);
      const records = group.flatMap((owner) => this.recordsOf(owner));
      if (offsets.length === 0) {
        return group.map(() => 0);
      }
      try {
        await this.attempt(this.writer, { events, offsets, records }, alone);
      } catch (error) {
        if (!(await this.recover(error, offsets, attempt))) {
          continue;
        }
      }
      for (const event of events) {
        this.source.assignment.done(event);
      }
      this.source.assignment.committed(offsets);
      this.wrongSince = undefined;
      return group.map(({ refusals }) => refusals.size);
    }
  }

  private async attempt(
    writer: RecordWriter,
    { events, offsets, records }: Transaction,
    alone: Set<ProducedEvent>,
  ): Promise<void> {
    const { producer } = writer;
    await called((done) => producer.beginTransaction(done));
    await this.watch?.('begun');
    const positions = new Set(records.flatMap(({ event }, position) => (alone.has(event) ? [position] : [])));
    const failed = await writer.write(records, positions);
    if (failed.size > 0) {
      throw this.faultOf(records, failed, alone);
    }
    await this.watch?.('written');
    await again((done) =>
      this.source
        .whileAssigned(async () => {
          if (!sameOffsets(this.source.assignment.offsetsAfter(events), offsets)) {
            throw new AbortError('Partitions were lost in the middle of a transaction');
          }
          await called((sent) =>
            producer.sendOffsetsToTransaction([...offsets], this.source.consumer, CALL_MILLIS, sent),
          );
        })
        .then(() => done(undefined), done),
    );
    await this.watch?.('offsets');
    await again((done) => producer.commitTransaction(CALL_MILLIS, done));
    await this.watch?.('committed');
  }

  /** Notes who is refused. One that is refused takes others with it, with errors of their own. */
  private faultOf(
    records: readonly OwnedRecord[],
    failed: ReadonlyMap<number, FailedRecord>,
    alone: Set<ProducedEvent>,
  ): unknown {
    const refused = [...failed].filter(([, { error }]) => isRefusal(error));
    for (const [position, { error, local }] of refused) {
      const { event, owner, isOutput, topic } = records[position];
      if (!local && !alone.has(event)) {
        alone.add(event);
      } else if (isOutput) {
        owner.refusals.set(event, owner.refused(event.index, refusalOf(error)));
      } else {
        return StreamError.declaration(
          `A dead letter cannot be written: ${refusalOf(error).reason} Let the topic '${topic}' take what the source has.`,
        );
      }
    }
    const [first] = failed.values();
    return refused.length > 0 ? new AbortError('Kafka refuses some of the records') : first?.error;
  }

  /**
   * Makes the next attempt possible after one that failed.
   *
   * @returns whether it turned out that the transaction was committed
   * @throws StreamError when the declaration is at fault
   */
  private async recover(error: unknown, offsets: readonly PartitionOffset[], attempt: number): Promise<boolean> {
    if (error instanceof StreamError) {
      throw error;
    }
    const { context } = this;
    const refused = error instanceof AbortError;
    if (!refused) {
      context.onRetry(error);
      context.logger.warn({ reason: errorMessage(error) }, 'a transaction failed, and is made again');
      this.checkPatience(error);
    }
    if (refused || (error as KafkaError).isTxnRequiresAbort === true) {
      try {
        const { writer } = this;
        if (writer !== undefined) {
          await again((done) => writer.producer.abortTransaction(CALL_MILLIS, done));
        }
        if (!refused) {
          await wait(exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE));
        }
        return false;
      } catch (fault) {
        context.logger.warn(
          { reason: errorMessage(fault) },
          'a transaction cannot be aborted; the producer is made again',
        );
      }
    }
    // Nobody knows how it ended: a new producer with the same id ends it, and the offsets tell.
    const { writer } = this;
    this.writer = undefined;
    if (writer !== undefined) {
      await closeProducer(writer);
    }
    await wait(exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE));
    this.writer = await this.open();
    return this.areCommitted(offsets);
  }

  private async areCommitted(offsets: readonly PartitionOffset[]): Promise<boolean> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const list = offsets.map(({ topic, partition }) => ({ topic, partition }));
        const known = await called<PartitionOffset[]>((done) =>
          this.source.consumer.committed(list, CALL_MILLIS, done),
        );
        const byPartition = new Map(known.map(({ partition, offset }) => [partition, offset ?? -1]));
        return offsets.every(({ partition, offset }) => (byPartition.get(partition) ?? -1) >= offset);
      } catch (error) {
        this.context.onRetry(error);
        await wait(exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE));
      }
    }
  }

  /** Records of the events that still belong to this process, in their order. */
  private recordsOf(owner: Delivering): OwnedRecord[] {
    const { batch, refusals } = owner;
    const isOurs = ({ index }: ProducedEvent) => this.source.assignment.has(batch.events[index] as KafkaEvent);
    const records: OwnedRecord[] = [];
    for (const event of batch.outputs) {
      if (this.outputs !== undefined && !refusals.has(event) && isOurs(event)) {
        records.push({ topic: this.outputs.topic, event, owner, isOutput: true });
      }
    }
    for (const event of [...batch.deadLetters, ...refusals.values()]) {
      if (this.deadLetters !== undefined && isOurs(event)) {
        records.push({ topic: this.deadLetters.topic, event, owner, isOutput: false });
      }
    }
    return records;
  }

  /** A producer that has ended what an earlier one of the same id had begun. */
  private async open(): Promise<RecordWriter> {
    const { context, outputs, deadLetters } = this;
    const config = outputs ?? deadLetters;
    if (config === undefined) {
      throw new Error('There is no topic to write to.');
    }
    for (let attempt = 0; ; attempt += 1) {
      let writer: RecordWriter | undefined;
      try {
        const opened = await openProducer(config, context, {
          'transactional.id': `${context.consumer}-${context.member}`,
          'transaction.timeout.ms': TRANSACTION_MILLIS,
        });
        writer = opened;
        await again((done) => opened.producer.initTransactions(INIT_MILLIS, done));
        return opened;
      } catch (error) {
        context.onRetry(error);
        this.checkPatience(error);
        context.logger.warn({ reason: errorMessage(error) }, 'the transactional producer cannot be made yet');
        if (writer !== undefined) {
          await closeProducer(writer);
        }
        await wait(exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE));
      }
    }
  }

  private checkPatience(error: unknown): void {
    if (!isDeclarationFault(error)) {
      this.wrongSince = undefined;
      return;
    }
    this.wrongSince ??= performance.now();
    const config = this.outputs ?? this.deadLetters;
    if (config !== undefined && performance.now() - this.wrongSince >= PATIENCE_MILLIS) {
      throw declarationError(`The topic '${config.topic}' (by transactions)`, clusterName(config), error);
    }
  }
}

/** Calls again what the client says may be called again: it goes on where it was. */
async function again(call: (done: (error: unknown) => void) => void): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await called(call);
      return;
    } catch (error) {
      const { isRetriable, isTxnRequiresAbort, isFatal } = error as KafkaError;
      if (isRetriable !== true || isTxnRequiresAbort === true || isFatal === true) {
        throw error;
      }
      await wait(exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE));
    }
  }
}

function sameOffsets(some: readonly PartitionOffset[], others: readonly PartitionOffset[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ partition, offset }) =>
      others.some((other) => other.partition === partition && other.offset === offset),
    )
  );
}

import { setTimeout as wait } from 'node:timers/promises';
import type { KafkaSinkConfig } from '../../contract';
import { exponentialDelay } from '../../scheduling';
import { errorMessage } from '../../telemetry';
import type { ClientContext, EventSink, ProducedEvent, RecordRefusal } from '../event';
import { checkTopic } from './check-topic';
import { clusterName } from './cluster';
import { declarationError, isDeclarationFault } from './faults';
import { GroupWriter } from './group-writer';
import { KAFKA_CODES, type KafkaError } from './library';
import { closeProducer, openProducer } from './producer';
import type { OutgoingRecord, RecordWriter } from './record-writer';
import { isRefusal, refusalOf } from './refusal';

const FIRST_PAUSE = 100;
const MOST_PAUSE = 5000;
const PATIENCE_MILLIS = 60_000;

/** A topic that is written to, by an idempotent producer. */
export class KafkaSink implements EventSink {
  private writer: RecordWriter | undefined;
  private readonly groups = new GroupWriter<readonly ProducedEvent[], readonly (RecordRefusal | undefined)[]>((items) =>
    this.writeGroup(items),
  );

  constructor(
    readonly config: KafkaSinkConfig,
    private readonly context: ClientContext,
  ) {}

  async start(): Promise<void> {
    await this.check();
    this.writer = await openProducer(this.config, this.context);
  }

  /** Looks whether the topic can be written. @throws StreamError (43) when it cannot */
  async check(): Promise<void> {
    await checkTopic(this.config, this.config.topic, this.context);
  }

  send(events: readonly ProducedEvent[]): Promise<readonly (RecordRefusal | undefined)[]> {
    return events.length === 0 ? Promise.resolve([]) : this.groups.add(events);
  }

  async stop(): Promise<void> {
    await this.groups.idle();
    if (this.writer !== undefined) {
      await closeProducer(this.writer);
    }
  }

  private async writeGroup(
    sends: readonly (readonly ProducedEvent[])[],
  ): Promise<readonly (readonly (RecordRefusal | undefined)[])[]> {
    const { topic } = this.config;
    const records = sends.flatMap((events) => events.map((event): OutgoingRecord => ({ topic, event })));
    const refusals = await this.writeAll(records);
    let first = 0;
    return sends.map(({ length }) => {
      first += length;
      return refusals.length === 0 ? [] : Array.from({ length }, (_, index) => refusals[first - length + index]);
    });
  }

  /** @returns refusals by position, empty when there are none */
  private async writeAll(records: readonly OutgoingRecord[]): Promise<readonly (RecordRefusal | undefined)[]> {
    const refusals: (RecordRefusal | undefined)[] = [];
    const alone = new Set<number>();
    let wrongSince: number | undefined;
    let left = records.map((_, index) => index);
    for (let attempt = 0; ; attempt += 1) {
      const positions = left;
      const failed = await this.writeSome(
        positions.map((position) => records[position]),
        new Set(positions.flatMap((position, at) => (alone.has(position) ? [at] : []))),
      );
      if (failed.size === 0) {
        return refusals;
      }
      left = [];
      let passing: KafkaError | undefined;
      for (const [at, { error, local }] of failed) {
        const position = positions[at];
        if (!isRefusal(error)) {
          passing = error;
          left.push(position);
        } else if (local || alone.has(position)) {
          refusals[position] = refusalOf(error);
        } else {
          // The request was refused, and not only this record was in it.
          alone.add(position);
          left.push(position);
        }
      }
      if (left.length === 0) {
        return refusals;
      }
      left.sort((a, b) => a - b);
      if (passing !== undefined) {
        wrongSince = isDeclarationFault(passing) ? (wrongSince ?? performance.now()) : undefined;
        if (wrongSince !== undefined && performance.now() - wrongSince >= PATIENCE_MILLIS) {
          throw declarationError(`The topic '${this.config.topic}'`, clusterName(this.config), passing);
        }
        this.context.onRetry(passing);
        await wait(exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE));
      }
    }
  }

  private async writeSome(records: readonly OutgoingRecord[], alone: ReadonlySet<number>) {
    this.writer ??= await this.reopen();
    const failed = await this.writer.write(records, alone);
    if ([...failed.values()].some(({ error }) => error.isFatal || error.code === KAFKA_CODES.fatal)) {
      // Its idempotence has ended: it takes no more records. What was not written is written by another one.
      const { writer } = this;
      this.writer = undefined;
      await closeProducer(writer);
    }
    return failed;
  }

  private async reopen(): Promise<RecordWriter> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await openProducer(this.config, this.context);
      } catch (error) {
        this.context.onRetry(error);
        this.context.logger.debug({ reason: errorMessage(error) }, 'the producer cannot be made again yet');
        await wait(exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE));
      }
    }
  }
}

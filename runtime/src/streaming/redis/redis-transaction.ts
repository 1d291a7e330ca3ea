import type { DeliveredBatch, Delivery, ProducedEvent, RefusedOutput } from '../event';
import { idOf } from './entries';
import { type EntryFields, fieldsOf, settledFrame } from './frame';
import type { RedisStreamSink } from './redis-stream-sink';
import { checkWriting, mostOf, refusalsOf } from './redis-stream-sink';
import type { RedisStreamSource } from './redis-stream-source';
import { SETTLE_ENTRIES } from './scripts';

/** An entry to write, and which of the keys of the script it is for. */
interface Written {
  readonly key: number;
  readonly fields: EntryFields;
}

/**
 * Writes outputs and dead letters and acknowledges, in one step of the server, where source and sinks are on the same one. What
 * is written of an entry is written once: a second attempt, of whomever, finds that the entry is not pending any more.
 */
export class RedisTransaction implements Delivery {
  private readonly sinks: readonly RedisStreamSink[];
  private last: Promise<unknown> = Promise.resolve();

  /** The sinks are not started: the connection of the source does their work. */
  constructor(
    private readonly source: RedisStreamSource,
    private readonly outputs: RedisStreamSink | undefined,
    private readonly deadLetters: RedisStreamSink | undefined,
  ) {
    this.sinks = [outputs, deadLetters].filter((sink) => sink !== undefined);
  }

  /** @throws StreamError when the streams cannot be written */
  async start(): Promise<void> {
    const { connection, config } = this.source;
    await connection.start();
    for (const { config: sink } of this.sinks) {
      await checkWriting(connection, sink.stream);
    }
    const keys = [config.stream, ...this.sinks.map((sink) => sink.config.stream)];
    await connection.ask([connection.call(SETTLE_ENTRIES, keys, this.argumentsOf(Buffer.alloc(0)))], { strict: true });
  }

  async deliver(batch: DeliveredBatch, refused: RefusedOutput): Promise<number> {
    const written: Written[][] = batch.events.map(() => []);
    const refusals = this.outputs === undefined ? [] : refusalsOf(batch.outputs);
    const moreDeadLetters: ProducedEvent[] = [];
    for (const [index, output] of batch.outputs.entries()) {
      const refusal = refusals[index];
      if (refusal !== undefined) {
        moreDeadLetters.push(refused(index, refusal));
      } else if (this.outputs !== undefined) {
        written[output.index].push(this.entryFor(this.outputs, output));
      }
    }
    for (const event of [...batch.deadLetters, ...moreDeadLetters]) {
      if (this.deadLetters !== undefined) {
        written[event.index].push(this.entryFor(this.deadLetters, event));
      }
    }
    const frame = settledFrame(batch.events.map((event, index) => ({ id: idOf(event), written: written[index] })));
    const { connection, config } = this.source;
    const keys = [config.stream, ...this.sinks.map((sink) => sink.config.stream)];
    const settled = this.last.then(() =>
      connection.ask([connection.call(SETTLE_ENTRIES, keys, this.argumentsOf(frame))], {
        onNoGroup: () => this.source.restoreGroup(),
      }),
    );
    // After a failure nothing goes ahead of what failed.
    this.last = settled;
    settled.catch(() => undefined);
    await settled;
    this.source.settled(batch.events);
    return moreDeadLetters.length;
  }

  async stop(): Promise<void> {
    await this.last.catch(() => undefined);
  }

  private entryFor(sink: RedisStreamSink, event: ProducedEvent): Written {
    return { key: this.sinks.indexOf(sink) + 2, fields: fieldsOf(event, sink.config) };
  }

  private argumentsOf(frame: Buffer): (string | Buffer)[] {
    return [frame, this.source.config.group, ...this.sinks.map(({ config }) => mostOf(config))];
  }
}

import type { ConsumedEvent, EventDecoder, RecordRefusal } from '../event';
import type { InputField } from './input-field';
import { RowBatch } from './row-batch';

/** Reads events of one format. */
export interface EventReader {
  /** Gets what is needed to read the events. Waits as long as it takes; rejects with a `StreamError` alone. */
  prepare?(events: readonly ConsumedEvent[]): Promise<void> | undefined;

  /** The events that follow become rows of this batch. */
  begin(batch: RowBatch): void;

  /**
   * Reads an event into a row of the batch. What is in the row afterwards counts only when there is no refusal.
   *
   * @param value of the event
   */
  read(event: ConsumedEvent, value: Buffer, row: number): RecordRefusal | undefined;
}

/** Decodes events of any format. Whatever is wrong with one of them, the others become rows. */
export class RowDecoder implements EventDecoder<RowBatch> {
  constructor(
    private readonly reader: EventReader,
    private readonly fields: readonly InputField[],
    private readonly maxEventBytes: number,
  ) {}

  decode(events: readonly ConsumedEvent[]): RowBatch | Promise<RowBatch> {
    const preparation = this.reader.prepare?.(events);
    return preparation === undefined ? this.rowsOf(events) : preparation.then(() => this.rowsOf(events));
  }

  private rowsOf(events: readonly ConsumedEvent[]): RowBatch {
    const batch = new RowBatch(events, this.fields);
    this.reader.begin(batch);
    for (let index = 0; index < events.length; index += 1) {
      const refusal = this.read(events[index], batch.rows);
      if (refusal === undefined) {
        batch.accept(index);
      } else {
        batch.refuse(index, refusal);
      }
    }
    batch.finish();
    return batch;
  }

  private read(event: ConsumedEvent, row: number): RecordRefusal | undefined {
    const { value } = event;
    if (value === null) {
      return { errorClass: 'decode', reason: 'The event has no value (a tombstone); a prediction needs one.' };
    }
    if (value.length > this.maxEventBytes) {
      return {
        errorClass: 'size',
        reason: `The value has ${value.length} bytes; at most ${this.maxEventBytes} are taken (maxEventBytes).`,
      };
    }
    try {
      return this.reader.read(event, value, row);
    } catch (error) {
      // Bytes from outside end no process: what no reader foresaw is a refusal as well.
      return { errorClass: 'decode', reason: `The value cannot be read: ${(error as Error).message}.` };
    }
  }
}

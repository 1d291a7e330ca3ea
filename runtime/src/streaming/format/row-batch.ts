import { DATATYPES, type Tensor, type TensorData } from '../../model';
import type { ConsumedEvent, DecodedBatch, EventFailure, RecordRefusal } from '../event';
import type { InputField } from './input-field';

/** What is carried from an event to what is produced of it: the fields that are passed through, then the key. */
export interface CarriedFields {
  /** A value as JSON, with the digits that the event has; undefined when it has none. */
  text(row: number, field: number): string | undefined;

  /** The value itself; integers that a JavaScript number cannot hold are bigints. */
  value(row: number, field: number): unknown;
}

/** Carries nothing. */
const NOTHING_CARRIED: CarriedFields = { text: () => undefined, value: () => undefined };

/** The rows of a micro-batch, while and after they are read. */
export class RowBatch implements DecodedBatch {
  rows = 0;

  /** Tensors of the rows, once there are no more. */
  inputs: readonly Tensor[] = [];
  readonly eventOfRow: Int32Array;
  readonly failures: EventFailure[] = [];
  carried = NOTHING_CARRIED;

  /** Elements of each input, with room for a row of each event. */
  readonly data: readonly TensorData[];

  constructor(
    readonly events: readonly ConsumedEvent[],
    private readonly fields: readonly InputField[],
  ) {
    this.eventOfRow = new Int32Array(events.length);
    this.data = fields.map(({ spec, width }) => DATATYPES[spec.datatype].allocate(events.length * width));
  }

  /** No more rows come. */
  finish(): void {
    this.inputs = this.fields.map(({ spec, rowShape, width }, index) => {
      const data = this.data[index];
      const length = this.rows * width;
      return {
        datatype: spec.datatype,
        shape: [this.rows, ...rowShape],
        data: data.length === length ? data : Array.isArray(data) ? data.slice(0, length) : data.subarray(0, length),
      };
    });
  }

  /** The event is the next row. */
  accept(index: number): void {
    this.eventOfRow[this.rows] = index;
    this.rows += 1;
  }

  refuse(index: number, { errorClass, reason }: RecordRefusal): void {
    this.failures.push({ index, errorClass, reason });
  }

  /** The event of a row. */
  eventAt(row: number): ConsumedEvent {
    return this.events[this.eventOfRow[row]];
  }
}

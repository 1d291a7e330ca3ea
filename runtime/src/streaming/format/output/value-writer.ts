import type { EventHeader, PredictedRows, RecordRefusal } from '../../event';
import type { RowBatch } from '../row-batch';

/** Values of some rows, or why there is none. */
export interface WrittenValues {
  /** One for each row. */
  readonly values: readonly (Buffer | RecordRefusal)[];

  /** Headers that all of them have. */
  readonly headers?: readonly EventHeader[];
}

/** Writes values in one format. */
export interface ValueWriter {
  /** @param ids of the events that are produced, one for each row */
  write(batch: RowBatch, predicted: PredictedRows, ids: readonly string[]): WrittenValues;

  /** Name of a header that has the id of the event. Absent = there is none. */
  readonly idHeader?: string;
}
